#include "server/recovery/doubts.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kRing = 0xABC;

class DoubtsTest : public ::testing::Test {
 protected:
  static Marker MarkerOf(bool whole, uint64_t fence, const std::string& run_id = "run") {
    return {.whole = whole,
            .ring = kRing,
            .run_id = run_id,
            .name = "a",
            .fence = FenceNumber{fence},
            .since_ms = 1,
            .away_ms = 0,
            .from_all = false,
            .came_empty = false};
  }
  bool Inspect(const Marker& marker, const std::string& run_id = "run") {
    Inspection inspection;
    inspection.run_id = run_id;
    inspection.marker = marker;
    return doubts_.OnInspection(inspection, kRing);
  }

  Doubts doubts_;
};

TEST_F(DoubtsTest, AMissIsUnfencedUntilAFenceStandsForIt) {
  EXPECT_FALSE(doubts_.IsUnfenced(MissCount{0}));
  EXPECT_TRUE(doubts_.IsUnfenced(MissCount{2}));
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  EXPECT_FALSE(doubts_.IsUnfenced(MissCount{2}));
  EXPECT_TRUE(doubts_.IsUnfenced(MissCount{3}));
}

TEST_F(DoubtsTest, AMissIsResolvedOnceItsFenceWasLifted) {
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  EXPECT_FALSE(Inspect(MarkerOf(false, 10)));
  EXPECT_FALSE(Inspect(MarkerOf(true, 9)));  // lifted before
  EXPECT_EQ(doubts_.resolved(), MissCount{0});
  EXPECT_TRUE(Inspect(MarkerOf(true, 10)));
  EXPECT_EQ(doubts_.resolved(), MissCount{2});
  EXPECT_FALSE(Inspect(MarkerOf(true, 10)));  // told of once
}

TEST_F(DoubtsTest, ALaterFenceResolvesIt) {
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  EXPECT_TRUE(Inspect(MarkerOf(true, 12)));
}

TEST_F(DoubtsTest, AWholeMarkerOfAnotherRingOrProcessResolvesNothing) {
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  Marker other = MarkerOf(true, 10);
  other.ring = kRing + 1;
  EXPECT_FALSE(Inspect(other));
  EXPECT_FALSE(Inspect(MarkerOf(true, 10), "loaded from a disk"));
}

// Its numbers may be lower: the node's memory was lost, and its clock is behind.
TEST_F(DoubtsTest, AProcessThatCameLaterAndIsWholeResolvesIt) {
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  EXPECT_TRUE(Inspect(MarkerOf(true, 3, "next"), "next"));
}

TEST_F(DoubtsTest, AFenceThatWasNotForOurMissesResolvesNone) {
  doubts_.OnFenced(MissCount{0}, MarkerOf(false, 10));
  EXPECT_FALSE(Inspect(MarkerOf(true, 10)));
  EXPECT_TRUE(doubts_.IsUnfenced(MissCount{1}));
}

TEST_F(DoubtsTest, RemembersTheHighestFence) {
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  Inspect(MarkerOf(false, 12));
  Inspect(MarkerOf(true, 3, "next"), "next");
  EXPECT_EQ(doubts_.highest_fence(), FenceNumber{12});
}

TEST_F(DoubtsTest, AFenceIsLostWhereALowerOneStandsOnTheSameProcess) {
  Inspect(MarkerOf(true, 9));
  doubts_.OnFenced(MissCount{2}, MarkerOf(false, 10));
  EXPECT_FALSE(doubts_.has_lost_fence());
  EXPECT_FALSE(Inspect(MarkerOf(true, 9)));
  EXPECT_TRUE(doubts_.has_lost_fence());
  doubts_.OnFenced(MissCount{0}, MarkerOf(false, 11));
  EXPECT_FALSE(doubts_.has_lost_fence());
  EXPECT_TRUE(Inspect(MarkerOf(true, 11)));
  EXPECT_FALSE(doubts_.has_lost_fence());
  Inspect(MarkerOf(true, 3, "next"), "next");
  EXPECT_FALSE(doubts_.has_lost_fence());
}

TEST_F(DoubtsTest, WasDrainedForOfThatProcessOnly) {
  doubts_.OnDrained("run", FenceNumber{10}, MissCount{3});
  EXPECT_EQ(doubts_.DrainedFor("run"), FenceNumber{10});
  EXPECT_EQ(doubts_.DrainedFor("next"), FenceNumber{});
  EXPECT_EQ(doubts_.drained_misses(), MissCount{3});
}

}  // namespace
}  // namespace kache
