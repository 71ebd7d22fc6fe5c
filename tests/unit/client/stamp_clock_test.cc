#include "client/stamp_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace kache {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr uint64_t kOther = 0x1234'5678'9abc'0000;

Version Theirs(absl::Time time) { return {TimestampAt(time), kOther}; }

TEST(StampClock, GivesItsIdAndClusterTime) {
  StampClock clock;
  const Version stamp = clock.Next(kNow);
  EXPECT_EQ(stamp.clock, clock.id());
  EXPECT_EQ(stamp.timestamp, TimestampAt(kNow));
  EXPECT_EQ(MillisOf(stamp.timestamp), absl::ToUnixMillis(kNow));
  EXPECT_NE(clock.id(), 0u);
  EXPECT_EQ(clock.id() & 0xffff, 0u);
}

TEST(StampClock, IdsAreDistinct) {
  std::set<uint64_t> ids;
  for (int i = 0; i < 100; ++i) ids.insert(StampClock().id());
  EXPECT_EQ(ids.size(), 100u);
}

TEST(StampClock, StampsOnlyRiseWhateverTheTimeDoes) {
  StampClock clock;
  Version last = clock.Next(kNow);
  for (const absl::Duration step : {absl::ZeroDuration(), -absl::Seconds(1), absl::Seconds(1)}) {
    const Version next = clock.Next(kNow + step);
    EXPECT_GT(next, last);
    last = next;
  }
}

TEST(StampClock, StampsOfManyThreadsAreDistinct) {
  StampClock clock;
  std::vector<std::vector<uint64_t>> given(4);
  std::vector<std::thread> threads;
  for (auto& mine : given) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) mine.push_back(clock.Next(kNow).timestamp);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint64_t> all;
  for (const auto& mine : given) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 40'000u);
}

TEST(StampClock, FollowsVersionsThatItSees) {
  StampClock clock;
  const Version seen = Theirs(kNow + absl::Seconds(2));
  EXPECT_TRUE(clock.IsBehind(seen));
  clock.Observe(seen, kNow);
  EXPECT_FALSE(clock.IsBehind(seen));
  EXPECT_GT(clock.Next(kNow), seen);
}

TEST(StampClock, DoesNotFollowFarAhead) {
  StampClock clock;
  clock.Observe(Theirs(kNow + StampClock::kMaxFollow + absl::Milliseconds(1)), kNow);
  EXPECT_EQ(clock.Next(kNow).timestamp, TimestampAt(kNow));
}

TEST(StampClock, StampsAboveWhatIsHeld) {
  StampClock clock;
  const Version held = Theirs(kNow + absl::Seconds(1));
  const std::optional<Version> stamp = clock.NextAbove(held, kNow);
  ASSERT_TRUE(stamp);
  EXPECT_GT(*stamp, held);
  EXPECT_EQ(stamp->clock, clock.id());
  EXPECT_GT(clock.Next(kNow), *stamp);
}

TEST(StampClock, AStampAboveAWrongClocksVersionMovesNothing) {
  StampClock clock;
  const Version held = Theirs(kNow + absl::Hours(24 * 365));
  const std::optional<Version> stamp = clock.NextAbove(held, kNow);
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->timestamp, held.timestamp + 1);
  EXPECT_EQ(MillisOf(clock.Next(kNow).timestamp), absl::ToUnixMillis(kNow));
}

TEST(StampClock, TwoStampsAboveTheSameWrongVersionAreDistinct) {
  StampClock clock;
  const Version held = Theirs(kNow + absl::Hours(1));
  EXPECT_NE(*clock.NextAbove(held, kNow), *clock.NextAbove(held, kNow));
}

TEST(StampClock, AboveTheHighestTimestampIsNothing) {
  StampClock clock;
  EXPECT_FALSE(clock.NextAbove({UINT64_MAX, kOther}, kNow));
  EXPECT_TRUE(clock.NextAbove({UINT64_MAX - 1, kOther}, kNow));
}

TEST(StampClock, KnowsWhatItGaveLater) {
  StampClock clock;
  const Version first = clock.Next(kNow);
  Version second = clock.Next(kNow);
  second.clock |= 0xbeef;  // the hash of a content
  EXPECT_TRUE(clock.GaveLater(second, first));
  EXPECT_FALSE(clock.GaveLater(first, second));
  EXPECT_FALSE(clock.GaveLater(first, first));
  EXPECT_FALSE(clock.GaveLater({second.timestamp, kOther}, first));
  EXPECT_FALSE(clock.GaveLater({second.timestamp + 1, second.clock}, first)) << "not given yet";
}

// The next write of the key has a lower stamp, and must not be taken for one that was overtaken.
TEST(StampClock, AStampFarAheadIsNeverALaterOne) {
  StampClock clock;
  const Version ahead = *clock.NextAbove(Theirs(kNow + absl::Seconds(3)), kNow);
  const Version next = clock.Next(kNow + absl::Seconds(1));
  EXPECT_LT(next, ahead);
  EXPECT_FALSE(clock.GaveLater(ahead, next));
  clock.Next(kNow + absl::Seconds(10));
  EXPECT_FALSE(clock.GaveLater(ahead, next)) << "nor once the time has come";
}

TEST(StampClock, ARestartBeginsAnotherLine) {
  StampClock clock;
  const Version refused = clock.Next(kNow + absl::Minutes(1));
  clock.Restart(refused, kNow);
  const Version next = clock.Next(kNow);
  EXPECT_EQ(MillisOf(next.timestamp), absl::ToUnixMillis(kNow));
  EXPECT_NE(next.clock, refused.clock);
  EXPECT_EQ(next.clock & 0xffff, 0u);
  clock.Restart(refused, kNow - absl::Minutes(1));
  EXPECT_GT(clock.Next(kNow), next) << "the line that was refused is gone already";
}

TEST(StampClock, NoStampIsGivenTwiceWhileItRestarts) {
  StampClock clock;
  std::vector<std::vector<Version>> given(3);
  std::vector<std::thread> threads;
  for (auto& mine : given) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        mine.push_back(clock.Next(kNow));
        if (i % 100 == 0) clock.Restart(mine.back(), kNow);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Version> all;
  for (const auto& mine : given) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 15'000u);
}

}  // namespace
}  // namespace kache
