#include "base/clock.h"

#include <ctime>

namespace kache {

MonotonicTime CoarseMonotonic() {
  timespec now{};
  // steady_clock is CLOCK_MONOTONIC, which the coarse one follows.
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return MonotonicTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace kache
