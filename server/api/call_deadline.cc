#include "server/api/call_deadline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace kache {

MonotonicTime CallDeadline(gpr_timespec callers, MonotonicTime now, const DeadlineRules& rules) {
  if (callers.tv_sec == std::numeric_limits<int64_t>::max()) {
    return now + absl::ToChronoNanoseconds(rules.default_timeout);
  }
  const MonotonicTime latest = now + absl::ToChronoNanoseconds(rules.longest);
  // gRPC's monotonic clock is the system's, as steady_clock is; no conversion happens for it.
  const gpr_timespec monotonic = gpr_convert_clock_type(callers, GPR_CLOCK_MONOTONIC);
  const int64_t latest_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(latest.time_since_epoch()).count();
  if (monotonic.tv_sec > latest_seconds) return latest;
  if (monotonic.tv_sec < 0) return MonotonicTime();
  const MonotonicTime deadline(std::chrono::seconds(monotonic.tv_sec) +
                               std::chrono::nanoseconds(monotonic.tv_nsec));
  return std::min(deadline, latest);
}

}  // namespace kache
