#include "gateway/http/held_bytes.h"

#include <algorithm>
#include <utility>

namespace kache::gateway {
namespace {

constexpr uint64_t kPartForSmall = 8;

uint64_t Counted(uint64_t bytes) { return bytes - std::min(bytes, HeldBytes::kUncountedBytes); }

}  // namespace

void HeldBytes::Share::Set(uint64_t bytes) {
  const uint64_t counted = Counted(bytes);
  if (counted == counted_) return;
  // Unsigned: what wraps around in the difference does so in the sum.
  all_.bytes_.fetch_add(counted - std::exchange(counted_, counted), std::memory_order_relaxed);
}

bool HeldBytes::Share::TrySet(uint64_t bytes) {
  const uint64_t counted = Counted(bytes);
  if (counted <= counted_) {
    Set(bytes);
    return true;
  }
  const uint64_t more = counted - counted_;
  const uint64_t before = all_.bytes_.fetch_add(more, std::memory_order_relaxed);
  const uint64_t bound =
      bytes <= kSmallBytes ? all_.bound_ : all_.bound_ - all_.bound_ / kPartForSmall;
  if (before + more <= bound || before == counted_) {
    counted_ = counted;
    return true;
  }
  all_.bytes_.fetch_sub(more, std::memory_order_relaxed);
  return false;
}

}  // namespace kache::gateway
