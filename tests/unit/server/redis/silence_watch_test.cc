#include "server/redis/silence_watch.h"

#include <gtest/gtest.h>

namespace kache::redis {
namespace {

using std::chrono::milliseconds;

constexpr int kSuspect = SilenceWatch::kSuspectSelfFactor;

class SilenceWatchTest : public ::testing::Test {
 protected:
  SilenceWatchTest() { watch_.OnFirstWaiting(start_); }
  MonotonicTime After(int ms) const { return start_ + milliseconds(ms); }

  MonotonicTime start_{std::chrono::hours(1)};
  SilenceWatch watch_{absl::Milliseconds(250), absl::Seconds(1)};
};

TEST_F(SilenceWatchTest, WaitsForThreeTimeouts) {
  watch_.OnTimeouts(2);
  EXPECT_FALSE(watch_.Exceeded(After(999), 1));
  watch_.OnTimeouts(1);
  EXPECT_TRUE(watch_.Exceeded(After(250), 1));
  EXPECT_FALSE(watch_.Exceeded(After(249), 1));
}

TEST_F(SilenceWatchTest, GivesUpWithoutTimeoutsAfterThePingTimeout) {
  EXPECT_FALSE(watch_.Exceeded(After(999), 1));
  EXPECT_TRUE(watch_.Exceeded(After(1000), 1));
}

TEST_F(SilenceWatchTest, StartsOverWithEveryByte) {
  watch_.OnTimeouts(3);
  watch_.OnBytes(After(240));
  EXPECT_FALSE(watch_.Exceeded(After(600), 1)) << "the timeouts before the byte count no more";
  watch_.OnTimeouts(3);
  EXPECT_FALSE(watch_.Exceeded(After(240 + 249), 1));
  EXPECT_TRUE(watch_.Exceeded(After(240 + 250), 1));
}

TEST_F(SilenceWatchTest, HasFourTimesThePatienceWhenSuspectingItself) {
  watch_.OnTimeouts(3);
  EXPECT_FALSE(watch_.Exceeded(After(999), kSuspect));
  EXPECT_TRUE(watch_.Exceeded(After(1000), kSuspect));
}

TEST_F(SilenceWatchTest, ForgivesTheLoopsOwnDelay) {
  watch_.OnTimeouts(3);
  watch_.Extend(milliseconds(5000), After(5100));
  EXPECT_FALSE(watch_.Exceeded(After(5249), 1));
  EXPECT_TRUE(watch_.Exceeded(After(5250), 1));
}

// The process goes on after 5 s. What had come meanwhile is read first; then it learns of the
// delay.
TEST_F(SilenceWatchTest, ForgivesNoMoreThanHasPassed) {
  watch_.OnBytes(After(5000));
  watch_.OnTimeouts(3);
  watch_.Extend(milliseconds(4900), After(5001));
  EXPECT_FALSE(watch_.Exceeded(After(5250), 1));
  EXPECT_TRUE(watch_.Exceeded(After(5251), 1));
}

TEST_F(SilenceWatchTest, NeverCountsFromBeforeTheLastByte) {
  watch_.OnBytes(After(5000));
  watch_.Extend(milliseconds(4900), After(4990));
  EXPECT_FALSE(watch_.Exceeded(After(5999), 1));
}

TEST_F(SilenceWatchTest, IsSilentAfterHalfTheLimit) {
  EXPECT_FALSE(watch_.Silent(After(124)));
  EXPECT_TRUE(watch_.Silent(After(125)));
}

}  // namespace
}  // namespace kache::redis
