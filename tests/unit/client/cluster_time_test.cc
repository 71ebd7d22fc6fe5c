#include "client/cluster_time.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr absl::Time kEpoch = absl::FromUnixSeconds(1'800'000'000);

MonotonicTime At(absl::Duration since_start) {
  return MonotonicTime(absl::ToChronoNanoseconds(absl::Hours(5) + since_start));
}

class ClusterTimeTest : public testing::Test {
 protected:
  // An exchange that takes `round_trip` and ends at `received`; the coordinator's time runs `ahead`
  // of kEpoch + the time since the start.
  void Exchange(absl::Duration received, absl::Duration round_trip, absl::Duration ahead) {
    const absl::Time told = kEpoch + received - round_trip / 2 + ahead;
    time_.Add(At(received - round_trip), At(received), absl::ToUnixMillis(told));
  }
  // How far the known time is ahead of kEpoch + `now`.
  absl::Duration Ahead(absl::Duration now) const {
    const std::optional<absl::Time> time = time_.At(At(now));
    return time ? *time - (kEpoch + now) : absl::InfiniteDuration();
  }
  void ExpectAhead(absl::Duration now, absl::Duration ahead) const {
    EXPECT_LE(absl::AbsDuration(Ahead(now) - ahead), absl::Milliseconds(2)) << Ahead(now);
  }

  ClusterTime time_;
};

TEST_F(ClusterTimeTest, IsNotKnownAtFirst) { EXPECT_FALSE(time_.At(At(absl::ZeroDuration()))); }

TEST_F(ClusterTimeTest, IsWhatAnAnswerToldAndRunsOn) {
  Exchange(absl::Seconds(1), absl::Milliseconds(2), absl::Minutes(3));
  ExpectAhead(absl::Seconds(1), absl::Minutes(3));
  ExpectAhead(absl::Seconds(100), absl::Minutes(3));
}

TEST_F(ClusterTimeTest, AnAnswerThatNamesNoneTeachesNothing) {
  time_.Add(At(absl::Seconds(1)), At(absl::Seconds(2)), 0);
  EXPECT_FALSE(time_.At(At(absl::Seconds(2))));
}

TEST_F(ClusterTimeTest, AShorterExchangeIsTrustedMore) {
  Exchange(absl::Seconds(1), absl::Milliseconds(400), absl::Milliseconds(150));
  Exchange(absl::Seconds(1.1), absl::Milliseconds(2), absl::ZeroDuration());
  ExpectAhead(absl::Seconds(1.1), absl::ZeroDuration());
  // As exact as they are, long ones cannot drive it out, however many there are.
  for (int i = 0; i < 100; ++i) {
    Exchange(absl::Seconds(1.2), absl::Milliseconds(400), absl::Milliseconds(-150));
  }
  ExpectAhead(absl::Seconds(1.2), absl::ZeroDuration());
}

TEST_F(ClusterTimeTest, AnAnswerThatContradictsItCountsAtOnce) {
  Exchange(absl::Seconds(1), absl::Milliseconds(2), absl::ZeroDuration());
  // This machine stood still for a minute, and its monotonic clock with it.
  Exchange(absl::Seconds(1.01), absl::Milliseconds(2), absl::Minutes(1));
  ExpectAhead(absl::Seconds(1.01), absl::Minutes(1));
}

TEST_F(ClusterTimeTest, IsForgottenWhenNothingRefreshesIt) {
  Exchange(absl::Seconds(1), absl::Milliseconds(2), absl::ZeroDuration());
  Exchange(absl::Minutes(4), absl::Milliseconds(2), absl::ZeroDuration());
  EXPECT_TRUE(time_.At(At(absl::Minutes(8))));
  EXPECT_FALSE(time_.At(At(absl::Minutes(10))));
}

TEST_F(ClusterTimeTest, TheWallClockCountsUntilAnAnswerNamesTheTime) {
  time_.UseWallClock(At(absl::Seconds(1)), kEpoch + absl::Seconds(1) + absl::Hours(1));
  ExpectAhead(absl::Seconds(2), absl::Hours(1));
  Exchange(absl::Seconds(2), absl::Milliseconds(2), absl::ZeroDuration());
  ExpectAhead(absl::Seconds(2), absl::ZeroDuration());
  time_.UseWallClock(At(absl::Seconds(3)), kEpoch + absl::Hours(1));
  ExpectAhead(absl::Seconds(3), absl::ZeroDuration());
}

}  // namespace
}  // namespace kache
