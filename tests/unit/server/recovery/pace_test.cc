#include "server/recovery/pace.h"

#include <gtest/gtest.h>

#include <chrono>

namespace kache {
namespace {

using std::chrono::milliseconds;

TEST(Pace, HoldsToItsRateOnAverage) {
  Pace pace(1000);
  MonotonicTime now{std::chrono::hours(1)};
  uint64_t steps = 0;
  for (int ms = 0; ms < 10'000; ++ms, now += milliseconds(1)) {
    if (!pace.Ready(now)) continue;
    pace.Spend(100);
    ++steps;
  }
  EXPECT_GE(steps, 99u);
  EXPECT_LE(steps, 102u);
}

TEST(Pace, SavesNothingUpWhileIdle) {
  Pace pace(1000);
  MonotonicTime now{std::chrono::hours(1)};
  EXPECT_TRUE(pace.Ready(now));
  now += std::chrono::hours(1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pace.Ready(now)) << i;
    pace.Spend(50);
  }
  pace.Spend(1);
  EXPECT_FALSE(pace.Ready(now));
  EXPECT_TRUE(pace.Ready(now + milliseconds(100)));
}

}  // namespace
}  // namespace kache
