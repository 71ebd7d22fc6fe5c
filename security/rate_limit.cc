#include "security/rate_limit.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace kache {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kNoBound = std::numeric_limits<int64_t>::max();

int64_t Nanoseconds(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

RateLimit::RateLimit(int64_t operations_per_second)
    : ns_per_operation_(operations_per_second == 0
                            ? 0
                            : static_cast<double>(kSecondNs) /
                                  static_cast<double>(operations_per_second)) {}

absl::Duration RateLimit::Take(int64_t operations, MonotonicTime now) {
  return absl::Nanoseconds(Advance(operations, now, kSecondNs));
}

void RateLimit::TakeAnyway(int64_t operations, MonotonicTime now) {
  Advance(operations, now, kNoBound);
}

int64_t RateLimit::Advance(int64_t operations, MonotonicTime now, int64_t room_ns) {
  if (ns_per_operation_ == 0) return 0;
  const int64_t now_ns = Nanoseconds(now);
  const auto cost = static_cast<int64_t>(ns_per_operation_ * static_cast<double>(operations));
  int64_t paid_at = paid_at_ns_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t owed = std::max<int64_t>(paid_at - now_ns, 0);
    const int64_t most_owed = room_ns - static_cast<int64_t>(ns_per_operation_);
    if (owed > most_owed) return owed - most_owed;
    if (paid_at_ns_.compare_exchange_weak(paid_at, now_ns + owed + cost,
                                          std::memory_order_relaxed)) {
      return 0;
    }
  }
}

}  // namespace kache
