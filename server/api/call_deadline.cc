#include "server/api/call_deadline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace kache {

MonotonicTime CallDeadline(gpr_timespec callers, MonotonicTime now, const DeadlineRules& rules) {
  const MonotonicTime deadline = StreamDeadline(callers);
  if (deadline == MonotonicTime::max()) {
    return now + absl::ToChronoNanoseconds(rules.default_timeout);
  }
  return std::min(deadline, now + absl::ToChronoNanoseconds(rules.longest));
}

MonotonicTime StreamDeadline(gpr_timespec callers) {
  // Farther than any call lives, and what nanoseconds can still hold.
  constexpr int64_t kFarSeconds = int64_t{1} << 32;
  if (callers.tv_sec == std::numeric_limits<int64_t>::max()) return MonotonicTime::max();
  // gRPC's monotonic clock is the system's, as steady_clock is; no conversion happens for it.
  const gpr_timespec monotonic = gpr_convert_clock_type(callers, GPR_CLOCK_MONOTONIC);
  if (monotonic.tv_sec < 0) return MonotonicTime();
  return MonotonicTime(std::chrono::seconds(std::min<int64_t>(monotonic.tv_sec, kFarSeconds)) +
                       std::chrono::nanoseconds(monotonic.tv_nsec));
}

MonotonicTime OperationDeadline(uint32_t timeout_ms, MonotonicTime arrived, MonotonicTime streams,
                                const DeadlineRules& rules) {
  const absl::Duration timeout = timeout_ms == 0
                                     ? rules.default_timeout
                                     : std::min(absl::Milliseconds(timeout_ms), rules.longest);
  return std::min(streams, arrived + absl::ToChronoNanoseconds(timeout));
}

}  // namespace kache
