#include "server/recovery/yielding_rate.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);
constexpr absl::Duration kLong = absl::Milliseconds(20);

TEST(YieldingRate, IsTheFullOneWhileOperationsAreAsFastAsInQuiet) {
  YieldingRate rate(1000);
  EXPECT_FALSE(rate.OnLatency(kShort));
  EXPECT_FALSE(rate.OnLatency(YieldingRate::kMargin));
  EXPECT_DOUBLE_EQ(rate.now(), 1000);
}

TEST(YieldingRate, IsHalvedByEachLongLatencyDownToATenth) {
  YieldingRate rate(1000);
  EXPECT_TRUE(rate.OnLatency(kLong));
  EXPECT_DOUBLE_EQ(rate.now(), 500);
  for (int i = 0; i < 10; ++i) rate.OnLatency(kLong);
  EXPECT_DOUBLE_EQ(rate.now(), 100);
  EXPECT_FALSE(rate.OnLatency(kLong));  // It is as low as it goes.
}

TEST(YieldingRate, ComesBackInEqualSteps) {
  YieldingRate rate(1000);
  rate.OnLatency(kLong);
  rate.OnLatency(kShort);
  EXPECT_DOUBLE_EQ(rate.now(), 520);
  for (int i = 0; i < 100; ++i) rate.OnLatency(kShort);
  EXPECT_DOUBLE_EQ(rate.now(), 1000);
}

TEST(YieldingRate, TwiceTheQuietLatencyIsNotTooLong) {
  YieldingRate rate(1000);
  rate.OnQuiet(absl::Milliseconds(10));  // nodes that are far away
  EXPECT_FALSE(rate.OnLatency(absl::Milliseconds(20)));
  EXPECT_TRUE(rate.OnLatency(absl::Milliseconds(21)));
}

TEST(YieldingRate, AMarginAboveAShortQuietLatencyIsNotTooLong) {
  YieldingRate rate(1000);
  rate.OnQuiet(absl::Microseconds(300));
  EXPECT_EQ(rate.longest(), absl::Microseconds(5300));
}

TEST(YieldingRate, OneSlowMomentMakesNoQuietLatency) {
  YieldingRate rate(1000);
  for (int i = 0; i < 3; ++i) rate.OnQuiet(kShort);
  rate.OnQuiet(absl::Seconds(1));
  EXPECT_EQ(rate.longest(), kShort + YieldingRate::kMargin);
}

TEST(YieldingRate, TheNewestQuietLatenciesCount) {
  YieldingRate rate(1000);
  for (int i = 0; i < 100; ++i) rate.OnQuiet(kLong);
  for (size_t i = 0; i < YieldingRate::kQuietSamples; ++i) rate.OnQuiet(kShort);
  EXPECT_EQ(rate.longest(), kShort + YieldingRate::kMargin);
}

}  // namespace
}  // namespace kache
