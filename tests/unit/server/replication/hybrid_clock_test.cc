#include "server/replication/hybrid_clock.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kOurs = 0xC0 << 16;
constexpr uint64_t kOther = 0xF00 << 16;
constexpr uint64_t kKey = 42;  // a token
constexpr absl::Duration kMaxSkew = absl::Seconds(5);
constexpr absl::Time kNow = absl::FromUnixMillis(2'000'000'000'000);

uint64_t At(absl::Time time, uint64_t counter = 0) {
  return (static_cast<uint64_t>(absl::ToUnixMillis(time)) << 16) + counter;
}

TEST(HybridClock, GivesTheTimeInMillisecondsAndACounter) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_EQ(clock.Next(kKey, kNow), (Version{At(kNow), kOurs}));
  EXPECT_EQ(clock.Next(kKey, kNow + absl::Microseconds(999)), (Version{At(kNow, 1), kOurs}));
  EXPECT_EQ(clock.Next(kKey, kNow + absl::Milliseconds(1)),
            (Version{At(kNow + absl::Milliseconds(1)), kOurs}));
}

TEST(HybridClock, NeverGoesBackWhenTheWallClockDoes) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version before = clock.Next(kKey, kNow);
  const Version after = clock.Next(kKey, kNow - absl::Hours(1));
  EXPECT_LT(before, after);
  EXPECT_EQ(after.timestamp, At(kNow, 1));
}

TEST(HybridClock, CarriesAFullCounterIntoTheTime) {
  HybridClock clock(kOurs, kMaxSkew);
  for (int i = 0; i < 0x10000; ++i) clock.Next(kKey, kNow);
  EXPECT_EQ(clock.Next(kKey, kNow).timestamp, At(kNow + absl::Milliseconds(1)));
  EXPECT_EQ(clock.Next(kKey, kNow + absl::Milliseconds(1)).timestamp,
            At(kNow + absl::Milliseconds(1), 1));
}

TEST(HybridClock, GivesVersionsAfterThoseObserved) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version ahead{At(kNow + absl::Seconds(4), 7), kOther};
  EXPECT_TRUE(clock.Observe(ahead, kNow));
  EXPECT_GT(clock.Next(kKey, kNow), ahead);
  EXPECT_EQ(clock.Next(kKey, kNow).timestamp, ahead.timestamp + 2);
}

TEST(HybridClock, ObservedPastVersionsChangeNothing) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_TRUE(clock.Observe({At(kNow - absl::Hours(1)), kOther}, kNow));
  EXPECT_EQ(clock.Next(kKey, kNow).timestamp, At(kNow));
}

TEST(HybridClock, IsNotDraggedAlongByAVersionTooFarAhead) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_FALSE(clock.Observe({At(kNow + kMaxSkew, 1), kOther}, kNow));
  EXPECT_FALSE(clock.Observe({UINT64_MAX, kOther}, kNow));
  EXPECT_EQ(clock.Next(kKey, kNow).timestamp, At(kNow));
  EXPECT_TRUE(clock.Observe({At(kNow + kMaxSkew), kOther}, kNow));
}

TEST(HybridClock, KnowsWhatItGave) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version given = clock.Next(kKey, kNow);
  EXPECT_TRUE(clock.Gave(given, kKey));
  EXPECT_FALSE(clock.Gave({given.timestamp, kOther}, kKey));
  EXPECT_FALSE(clock.Gave({given.timestamp + 1, kOurs}, kKey));
}

TEST(HybridClock, TakesTimesBeforeTheEpochForTheEpoch) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_EQ(clock.Next(kKey, absl::FromUnixMillis(-5)).timestamp, 1u);
}

TEST(HybridClock, StampsAKeyAboveAVersionFarAheadAndNoOtherKey) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version held{At(kNow + absl::Hours(1)), kOther};
  EXPECT_EQ(clock.NextAbove(held, kKey, kNow), (Version{held.timestamp + 1, kOurs}));
  EXPECT_EQ(clock.Next(kKey, kNow), (Version{held.timestamp + 2, kOurs}));
  EXPECT_LT(clock.Next(kKey + 1, kNow).timestamp, At(kNow, 10));
}

TEST(HybridClock, GivesNoVersionTwiceAboveTheSameOne) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version held{At(kNow + absl::Hours(1)), kOther};
  const Version first = clock.NextAbove(held, kKey, kNow);
  const Version second = clock.NextAbove(held, kKey, kNow);
  EXPECT_GT(second, first);
  EXPECT_TRUE(clock.Gave(second, kKey));
  EXPECT_FALSE(clock.Gave(second, kKey + 1));
  EXPECT_FALSE(clock.Gave({second.timestamp + 1, kOurs}, kKey));
}

TEST(HybridClock, ReturnsToItsOwnTimeOnceThatIsThere) {
  HybridClock clock(kOurs, kMaxSkew);
  const absl::Time later = kNow + absl::Hours(1);
  clock.NextAbove({At(later), kOther}, kKey, kNow);
  EXPECT_EQ(clock.Next(kKey, later + absl::Milliseconds(1)).timestamp,
            At(later + absl::Milliseconds(1)));
}

TEST(HybridClock, NeedsNoSpecialCaseForAVersionThatItFollows) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version held{At(kNow + absl::Seconds(1)), kOther};
  ASSERT_TRUE(clock.Observe(held, kNow));
  EXPECT_EQ(clock.NextAbove(held, kKey, kNow).timestamp, held.timestamp + 1);
  EXPECT_EQ(clock.Next(kKey + 1, kNow).timestamp, held.timestamp + 2);
}

TEST(HybridClock, StopsAtTheHighestTimestamp) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_EQ(clock.NextAbove({UINT64_MAX - 1, kOther}, kKey, kNow).timestamp, UINT64_MAX);
  EXPECT_EQ(clock.Next(kKey, kNow).timestamp, UINT64_MAX);
}

TEST(HybridClock, ForgetsKeysBeyondItsBound) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version held{At(kNow + absl::Hours(1)), kOther};
  for (uint64_t key = 0; key <= HybridClock::kMaxKeysAhead; ++key) {
    EXPECT_GT(clock.NextAbove(held, key, kNow), held);
  }
  size_t forgotten = 0;
  for (uint64_t key = 0; key <= HybridClock::kMaxKeysAhead; ++key) {
    forgotten += clock.Next(key, kNow) < held ? 1 : 0;
  }
  EXPECT_EQ(forgotten, 1u);
}

}  // namespace
}  // namespace kache
