#include "server/replication/hybrid_clock.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kOurs = 0xC0;
constexpr uint64_t kOther = 0xF00;
constexpr absl::Duration kMaxSkew = absl::Seconds(5);
constexpr absl::Time kNow = absl::FromUnixMillis(2'000'000'000'000);

uint64_t At(absl::Time time, uint64_t counter = 0) {
  return (static_cast<uint64_t>(absl::ToUnixMillis(time)) << 16) + counter;
}

TEST(HybridClock, GivesTheTimeInMillisecondsAndACounter) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_EQ(clock.Next(kNow), (Version{At(kNow), kOurs}));
  EXPECT_EQ(clock.Next(kNow + absl::Microseconds(999)), (Version{At(kNow, 1), kOurs}));
  EXPECT_EQ(clock.Next(kNow + absl::Milliseconds(1)),
            (Version{At(kNow + absl::Milliseconds(1)), kOurs}));
}

TEST(HybridClock, NeverGoesBackWhenTheWallClockDoes) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version before = clock.Next(kNow);
  const Version after = clock.Next(kNow - absl::Hours(1));
  EXPECT_LT(before, after);
  EXPECT_EQ(after.timestamp, At(kNow, 1));
}

TEST(HybridClock, CarriesAFullCounterIntoTheTime) {
  HybridClock clock(kOurs, kMaxSkew);
  for (int i = 0; i < 0x10000; ++i) clock.Next(kNow);
  EXPECT_EQ(clock.Next(kNow).timestamp, At(kNow + absl::Milliseconds(1)));
  EXPECT_EQ(clock.Next(kNow + absl::Milliseconds(1)).timestamp,
            At(kNow + absl::Milliseconds(1), 1));
}

TEST(HybridClock, GivesVersionsAfterThoseObserved) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version ahead{At(kNow + absl::Seconds(4), 7), kOther};
  EXPECT_TRUE(clock.Observe(ahead, kNow));
  EXPECT_GT(clock.Next(kNow), ahead);
  EXPECT_EQ(clock.Next(kNow).timestamp, ahead.timestamp + 2);
}

TEST(HybridClock, ObservedPastVersionsChangeNothing) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_TRUE(clock.Observe({At(kNow - absl::Hours(1)), kOther}, kNow));
  EXPECT_EQ(clock.Next(kNow).timestamp, At(kNow));
}

TEST(HybridClock, IsNotDraggedAlongByAVersionTooFarAhead) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_FALSE(clock.Observe({At(kNow + kMaxSkew, 1), kOther}, kNow));
  EXPECT_FALSE(clock.Observe({UINT64_MAX, kOther}, kNow));
  EXPECT_EQ(clock.Next(kNow).timestamp, At(kNow));
  EXPECT_TRUE(clock.Observe({At(kNow + kMaxSkew), kOther}, kNow));
}

TEST(HybridClock, KnowsWhatItGave) {
  HybridClock clock(kOurs, kMaxSkew);
  const Version given = clock.Next(kNow);
  EXPECT_TRUE(clock.Gave(given));
  EXPECT_FALSE(clock.Gave({given.timestamp, kOther}));
  EXPECT_FALSE(clock.Gave({given.timestamp + 1, kOurs}));
}

TEST(HybridClock, TakesTimesBeforeTheEpochForTheEpoch) {
  HybridClock clock(kOurs, kMaxSkew);
  EXPECT_EQ(clock.Next(absl::FromUnixMillis(-5)).timestamp, 1u);
}

}  // namespace
}  // namespace kache
