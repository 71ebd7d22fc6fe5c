#include "server/api/waiting_calls.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace kache {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kSum = 640 * kMiB;
constexpr uint64_t kStep = 20 * kMiB;

// How many rounds are due.
int Rounds(RoundTrigger& trigger, uint64_t resident) {
  int rounds = 0;
  for (; trigger.IsDue(resident); ++rounds) trigger.Began();
  return rounds;
}

TEST(RoundTrigger, IsDueWhereTheProcessHasGrown) {
  RoundTrigger trigger(kSum);
  EXPECT_EQ(Rounds(trigger, 100 * kMiB), 0) << "that is how it began";
  EXPECT_EQ(Rounds(trigger, 100 * kMiB + kStep), 0);
  EXPECT_EQ(Rounds(trigger, 100 * kMiB + kStep + 1), 3);
  EXPECT_EQ(Rounds(trigger, 100 * kMiB + 2 * kStep), 0);
  EXPECT_EQ(Rounds(trigger, 100 * kMiB + 2 * kStep + 2), 3);
}

TEST(RoundTrigger, FollowsAProcessThatShrinks) {
  RoundTrigger trigger(kSum);
  EXPECT_EQ(Rounds(trigger, 500 * kMiB), 0);
  EXPECT_EQ(Rounds(trigger, 50 * kMiB), 0);
  EXPECT_EQ(Rounds(trigger, 50 * kMiB + kStep + 1), 3);
}

TEST(RoundTrigger, TakesSmallStepsAsNone) {
  RoundTrigger trigger(/*sum=*/0);
  EXPECT_EQ(Rounds(trigger, 10 * kMiB), 0);
  EXPECT_EQ(Rounds(trigger, 18 * kMiB), 0);
  EXPECT_EQ(Rounds(trigger, 18 * kMiB + 1), 3);
}

}  // namespace
}  // namespace kache
