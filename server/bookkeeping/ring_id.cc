#include "server/bookkeeping/ring_id.h"

#include "base/strings.h"

namespace kache {
namespace {

// 2^64 divided by the golden ratio, and its inverse.
constexpr uint64_t kStep = 0x9E3779B97F4A7C15;
constexpr uint64_t kInverse = 0xF1DE83E19937733D;
static_assert(kStep * kInverse == 1);

}  // namespace

uint64_t RingId(uint64_t fingerprint, uint64_t generation) {
  return fingerprint + generation * kStep;
}

std::optional<uint64_t> GenerationOf(uint64_t id, uint64_t fingerprint) {
  const uint64_t generation = (id - fingerprint) * kInverse;
  if (generation >= kGenerations) return std::nullopt;
  return generation;
}

std::string RingText(uint64_t id) { return Concat(absl::Hex(id, absl::kZeroPad16)); }

}  // namespace kache
