#include "gateway/handlers/expected_bytes.h"

#include <gtest/gtest.h>

namespace kache::gateway {
namespace {

TEST(ExpectedBytes, RisesAtOnceAndFallsSlowly) {
  ExpectedBytes expected;
  EXPECT_EQ(expected.Get(), 0u);
  expected.Learn(1 << 20);
  EXPECT_EQ(expected.Get(), 1u << 20);
  expected.Learn(100);
  EXPECT_LT(expected.Get(), 1u << 20);
  EXPECT_GT(expected.Get(), 900'000u);
  for (int i = 0; i < 300; ++i) expected.Learn(100);
  EXPECT_LE(expected.Get(), HeldBytes::kUncountedBytes);
}

TEST(ExpectedBytes, IgnoresWhatNeedsNoReservation) {
  ExpectedBytes expected;
  expected.Learn(HeldBytes::kUncountedBytes);
  EXPECT_EQ(expected.Get(), 0u);
  expected.Learn(HeldBytes::kUncountedBytes + 1);
  EXPECT_EQ(expected.Get(), HeldBytes::kUncountedBytes + 1);
}

}  // namespace
}  // namespace kache::gateway
