#include "security/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace kache {
namespace {

constexpr MonotonicTime kStart = MonotonicTime(std::chrono::hours(1));

MonotonicTime At(int ms) { return kStart + std::chrono::milliseconds(ms); }

TEST(RateLimit, ZeroIsNoLimit) {
  RateLimit limit(0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limit.Take(1'000'000, kStart), absl::ZeroDuration());
}

TEST(RateLimit, LetsOneSecondsWorthInAtOnceThenTheRate) {
  RateLimit limit(10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limit.Take(1, kStart), absl::ZeroDuration()) << i;
  EXPECT_GT(limit.Take(1, kStart), absl::ZeroDuration());
  EXPECT_GT(limit.Take(1, At(0)), absl::ZeroDuration());
  EXPECT_EQ(limit.Take(1, At(101)), absl::ZeroDuration());
  EXPECT_GT(limit.Take(1, At(102)), absl::ZeroDuration());
}

TEST(RateLimit, TellsHowLongToWait) {
  RateLimit limit(10);
  limit.TakeAnyway(10, kStart);
  const absl::Duration wait = limit.Take(1, kStart);
  EXPECT_GT(wait, absl::ZeroDuration());
  EXPECT_LE(wait, absl::Milliseconds(100));
  limit.TakeAnyway(10, kStart);
  EXPECT_NEAR(absl::ToDoubleSeconds(limit.Take(1, kStart)), 1.1, 0.001);
}

TEST(RateLimit, WhatABatchTookTooMuchIsPaidAfterwards) {
  RateLimit limit(10);
  EXPECT_EQ(limit.Take(100, kStart), absl::ZeroDuration());
  EXPECT_GT(limit.Take(1, At(9099)), absl::ZeroDuration());
  EXPECT_EQ(limit.Take(1, At(9101)), absl::ZeroDuration());
}

TEST(RateLimit, WhatWasRefusedIsNotTaken) {
  RateLimit limit(10);
  limit.TakeAnyway(10, kStart);
  for (int i = 0; i < 100; ++i) limit.Take(1, kStart);
  EXPECT_EQ(limit.Take(1, At(101)), absl::ZeroDuration());
}

TEST(RateLimit, APauseSavesNoMoreThanASecond) {
  RateLimit limit(10);
  limit.TakeAnyway(1, kStart);
  int taken = 0;
  while (limit.Take(1, At(60'000)) == absl::ZeroDuration()) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(RateLimit, HoldsForManyThreads) {
  RateLimit limit(1000);
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) taken += limit.Take(1, kStart) == absl::ZeroDuration() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
}

}  // namespace
}  // namespace kache
