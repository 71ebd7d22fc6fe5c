#include "server/redis/backoff.h"

#include <gtest/gtest.h>

namespace kache::redis {
namespace {

constexpr absl::Duration kMin = absl::Milliseconds(50);
constexpr absl::Duration kMax = absl::Seconds(2);

TEST(Backoff, DoublesItsCeilingUpToTheMaximum) {
  Backoff backoff(kMin, kMax);
  const double almost_one = 1.0 - 1e-9;
  for (int expected_ms : {100, 200, 400, 800, 1600, 2000, 2000, 2000}) {
    EXPECT_NEAR(absl::ToDoubleMilliseconds(backoff.Next(almost_one)), expected_ms, 0.01);
  }
}

TEST(Backoff, SpreadsOverTheWholeRange) {
  Backoff backoff(kMin, kMax);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(backoff.Next(0), kMin);
  EXPECT_EQ(backoff.Next(0.5), kMin + (kMax - kMin) / 2);
}

TEST(Backoff, StartsOverAfterReset) {
  Backoff backoff(kMin, kMax);
  for (int i = 0; i < 10; ++i) backoff.Next(0.5);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0.5), absl::Milliseconds(75));
}

TEST(Backoff, KeepsToAMaximumBelowTwiceTheMinimum) {
  Backoff backoff(kMin, kMin);
  EXPECT_EQ(backoff.Next(0.9), kMin);
}

}  // namespace
}  // namespace kache::redis
