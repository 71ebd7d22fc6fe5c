#include "server/recovery/yielding_rate.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);
constexpr absl::Duration kLong = absl::Milliseconds(20);

TEST(YieldingRate, IsTheFullOneWhileNobodyWaits) {
  YieldingRate rate(1000);
  EXPECT_FALSE(rate.OnWait(kShort));
  EXPECT_FALSE(rate.OnWait(YieldingRate::kTooLong));
  EXPECT_DOUBLE_EQ(rate.now(), 1000);
}

TEST(YieldingRate, IsHalvedByEachLongWaitDownToATenth) {
  YieldingRate rate(1000);
  EXPECT_TRUE(rate.OnWait(kLong));
  EXPECT_DOUBLE_EQ(rate.now(), 500);
  for (int i = 0; i < 10; ++i) rate.OnWait(kLong);
  EXPECT_DOUBLE_EQ(rate.now(), 100);
  EXPECT_FALSE(rate.OnWait(kLong));  // It is as low as it goes.
}

TEST(YieldingRate, ComesBackInEqualSteps) {
  YieldingRate rate(1000);
  rate.OnWait(kLong);
  rate.OnWait(kShort);
  EXPECT_DOUBLE_EQ(rate.now(), 520);
  for (int i = 0; i < 100; ++i) rate.OnWait(kShort);
  EXPECT_DOUBLE_EQ(rate.now(), 1000);
}

}  // namespace
}  // namespace kache
