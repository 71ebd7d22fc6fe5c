#include "gateway/handlers/expected_bytes.h"

#include <gtest/gtest.h>

namespace kache::gateway {
namespace {

TEST(ExpectedBytes, BeginsWithTheFirstAnswerAndFallsSlowly) {
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

TEST(ExpectedBytes, RisesSoonWhereAnswersAreLarger) {
  ExpectedBytes expected;
  expected.Learn(50'000);
  for (int i = 0; i < 10; ++i) expected.Learn(1'000'000);
  EXPECT_GT(expected.Get(), 900'000u);
  EXPECT_LE(expected.Get(), 1'000'000u);
}

// 50 KB each, but for one in 50.
TEST(ExpectedBytes, AFewLargeAnswersAreNotExpectedOfAll) {
  ExpectedBytes expected;
  uint64_t sum = 0;
  for (int i = 0; i < 1000; ++i) {
    expected.Learn(i % 50 == 0 ? 1'000'000 : 50'000);
    if (i >= 500) sum += expected.Get();
  }
  EXPECT_LT(sum / 500, 150'000u);
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
