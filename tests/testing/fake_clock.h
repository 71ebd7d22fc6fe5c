// A clock that stands still until a test moves it. Thread-safe.
#ifndef KACHE_TESTS_TESTING_FAKE_CLOCK_H_
#define KACHE_TESTS_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "absl/time/time.h"
#include "base/clock.h"

namespace kache::testing {

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(wall_us_); }
  MonotonicTime Monotonic() const override {
    return MonotonicTime(std::chrono::microseconds(monotonic_us_));
  }

  // Time passes, on both.
  void Advance(absl::Duration by) {
    monotonic_us_ += absl::ToInt64Microseconds(by);
    SetWallBy(by);
  }
  // Somebody sets the wall clock, forward or back.
  void SetWallBy(absl::Duration by) { wall_us_ += absl::ToInt64Microseconds(by); }

 private:
  // Some moment of 2033, in whole milliseconds.
  std::atomic<int64_t> wall_us_{int64_t{2'000'000'000} * 1'000'000};
  std::atomic<int64_t> monotonic_us_{1'000'000};
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_FAKE_CLOCK_H_
