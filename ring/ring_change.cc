#include "ring/ring_change.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace kache {
namespace {

constexpr size_t kDigits = 16;

std::optional<uint64_t> ParseFingerprint(std::string_view digits) {
  uint64_t fingerprint = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, fingerprint, 16);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return fingerprint;
}

}  // namespace

std::optional<RingChange> ParseRingChange(std::string_view text) {
  if (text.size() != 2 * kDigits + 1 || text[kDigits] != ':') return std::nullopt;
  const auto from = ParseFingerprint(text.substr(0, kDigits));
  const auto to = ParseFingerprint(text.substr(kDigits + 1));
  if (!from || !to || *from == *to) return std::nullopt;
  return RingChange{*from, *to};
}

std::string RingChangeText(const RingChange& change) {
  return absl::StrCat(absl::Hex(change.from, absl::kZeroPad16), ":",
                      absl::Hex(change.to, absl::kZeroPad16));
}

}  // namespace kache
