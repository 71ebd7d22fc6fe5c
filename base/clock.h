// Time, behind a seam: wall-clock time for what is written into records, monotonic time for
// deadlines and waits (it never jumps).
//
// Thread-safe.
#ifndef KACHE_BASE_CLOCK_H_
#define KACHE_BASE_CLOCK_H_

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace kache {

using MonotonicTime = std::chrono::steady_clock::time_point;

// The monotonic clock as it stood at the kernel's last tick: up to 4 ms behind, and read in a
// fraction of the time, for what is noted of every operation and only looked at for a few.
MonotonicTime CoarseMonotonic();

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
  virtual MonotonicTime Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  MonotonicTime Monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace kache

#endif  // KACHE_BASE_CLOCK_H_
