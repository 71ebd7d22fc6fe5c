// Which nodes are whole, and what is to be done about the others.
#include "server/recovery/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "server/bookkeeping/ring_id.h"
#include "tests/testing/evidence_of.h"
#include "tests/unit/server/recovery/judge_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::EvidenceOf;
using ::testing::UnorderedElementsAre;
using Verdict = Standing::Verdict;

constexpr uint64_t kForeignRing = 0xDEF;

using JudgeTest = JudgeFixture;

TEST_F(JudgeTest, DecidesNothingBeforeAllWereTried) {
  evidence_.MarkAll();
  evidence_.Of(3).attempted = false;
  ExpectAll(Verdict::kUnchecked, "");
}

// First starts.

TEST_F(JudgeTest, WithoutAnyMarkerItIsAFirstStart) {
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(Of(i).init) << i;
    EXPECT_EQ(FenceModeOf(i), "");
  }
}

TEST_F(JudgeTest, AFirstStartWaitsForEveryNode) {
  evidence_.Lose(2);
  ExpectAll(Verdict::kExcluded, "first_start_waits_for:c");
  for (size_t i = 0; i < 4; ++i) EXPECT_FALSE(Of(i).init);
}

// As with a wrong password: what the nodes carry is not known.
TEST_F(JudgeTest, WhereNoNodeCouldBeAskedItIsNoFirstStart) {
  for (size_t i = 0; i < 4; ++i) evidence_.Lose(i);
  ExpectAll(Verdict::kUnchecked, "");
}

TEST_F(JudgeTest, AFirstStartDoesNotWaitForANodeThatWasDeclaredLost) {
  evidence_.Lose(2);
  evidence_.At(0).lost.push_back({"c", 5});
  EXPECT_TRUE(Of(0).init);
  EXPECT_FALSE(Of(2).init);
}

TEST_F(JudgeTest, AFirstStartDoesNotWaitForASecondNameOfOneProcess) {
  evidence_.Lose(2);
  evidence_.Of(2).is_duplicate = true;
  EXPECT_TRUE(Of(0).init);
  EXPECT_FALSE(Of(2).init);
}

TEST_F(JudgeTest, AProcessThatHasSeenAMarkerMakesNoFirstStart) {
  evidence_.value.seen_marker = true;
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(Of(i).init);
    EXPECT_EQ(Of(i).reason, "no_marker");
    EXPECT_EQ(FenceModeOf(i), "if_wrong");
  }
}

TEST_F(JudgeTest, AnUnreadableMarkerIsNoFirstStart) {
  evidence_.At(1).has_marker = true;
  EXPECT_FALSE(Of(0).init);
  EXPECT_EQ(FenceModeOf(1), "if_wrong");
}

// Markers.

TEST_F(JudgeTest, NodesWithTheRightMarkerAreWhole) {
  evidence_.MarkAll();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Of(i).verdict, Verdict::kWhole) << i;
    EXPECT_EQ(FenceModeOf(i), "") << i;
  }
}

TEST_F(JudgeTest, ANodeWithoutAMarkerIsFencedWhereOthersHaveOne) {
  evidence_.MarkAll();
  evidence_.Reach(1, "b-run");
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "no_marker");
  EXPECT_EQ(FenceModeOf(1), "if_wrong");
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, CoordinatorsThatStartTogetherLeaveEachOtherTime) {
  evidence_.MarkAll();
  evidence_.Reach(1, "b-run");
  evidence_.Of(1).is_down = true;
  evidence_.Of(1).without_marker = 1;
  EXPECT_EQ(FenceModeOf(1), "");
  evidence_.Of(1).without_marker = 2;
  EXPECT_EQ(FenceModeOf(1), "if_wrong");
}

TEST_F(JudgeTest, AnotherProcessOrNameIsFenced) {
  evidence_.MarkAll();
  evidence_.MarkerOf(1).run_id = "earlier";
  evidence_.MarkerOf(2).name = "a";
  EXPECT_EQ(Of(1).reason, "restarted");
  EXPECT_EQ(FenceModeOf(1), "if_wrong");
  EXPECT_EQ(Of(2).reason, "renamed");
  EXPECT_EQ(FenceModeOf(2), "if_wrong");
}

TEST_F(JudgeTest, ASyncingMarkerKeepsItInDoubt) {
  evidence_.MarkAll();
  evidence_.MarkerOf(1).whole = false;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "resync");
  EXPECT_EQ(FenceModeOf(1), "");
}

TEST_F(JudgeTest, ANodeThatCantBeReachedIsInDoubt) {
  evidence_.MarkAll();
  evidence_.Lose(1);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, ANodeWhoseClockIsWrongIsLeftAlone) {
  evidence_.MarkAll();
  evidence_.Of(1).clock_skewed = true;
  evidence_.MarkerOf(1).run_id = "earlier";
  EXPECT_EQ(Of(1).verdict, Verdict::kExcluded);
  EXPECT_EQ(Of(1).reason, "clock_skew");
  EXPECT_EQ(FenceModeOf(1), "");
}

TEST_F(JudgeTest, ANodeThatWasDeclaredLostSinceItWasWholeIsFenced) {
  evidence_.MarkAll();
  evidence_.At(0).lost.push_back({"b", EvidenceOf::kWholeSinceMs + 1});
  evidence_.At(0).lost.push_back({"c", EvidenceOf::kWholeSinceMs - 1});
  EXPECT_EQ(Of(1).reason, "declared_lost");
  EXPECT_EQ(FenceModeOf(1), FenceText(EvidenceOf::kFence));
  EXPECT_EQ(Of(2).verdict, Verdict::kWhole);
}

// Rings.

TEST_F(JudgeTest, AnotherRingOnHalfOfTheNodesIsAMismatch) {
  evidence_.MarkAll();
  evidence_.Mark(2, kForeignRing);
  evidence_.Mark(3, kForeignRing);
  ExpectAll(Verdict::kExcluded, "ring_mismatch");
}

TEST_F(JudgeTest, AnotherRingIsAMismatchWhereNobodyCarriesOurs) {
  evidence_.Mark(2, kForeignRing);
  ExpectAll(Verdict::kExcluded, "ring_mismatch");
}

TEST_F(JudgeTest, OneNodeOfARingThatIsGoneIsFenced) {
  evidence_.MarkAll();
  evidence_.Mark(2, kForeignRing);
  evidence_.Beat(2, kStranger, /*lives=*/false);
  EXPECT_EQ(Of(2).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(2).reason, "ring_changed");
  EXPECT_EQ(FenceModeOf(2), "if_wrong");
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, OneNodeOfARingThatLivesIsLeftAlone) {
  evidence_.MarkAll();
  evidence_.Mark(2, kForeignRing);
  evidence_.Beat(2, kStranger, /*lives=*/true);
  EXPECT_EQ(Of(2).verdict, Verdict::kExcluded);
  EXPECT_EQ(Of(2).reason, "foreign_cluster");
  EXPECT_EQ(FenceModeOf(2), "");
  EXPECT_FALSE(Of(2).drain.has_value());
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
  // Who lives there only has no say in our cluster.
  EXPECT_THAT(LivingCoordinators(evidence_.value), ElementsAre(kSelf));
}

// Their nodes may have the same names as ours.
TEST_F(JudgeTest, WhatIsNotedOnAnothersNodeIsNotAboutOurs) {
  evidence_.MarkAll();
  evidence_.Mark(2, kForeignRing);
  evidence_.Beat(2, kStranger, /*lives=*/true);
  evidence_.Note(2, "a", kStranger);
  evidence_.Note(2, "b", 4);
  evidence_.At(2).lost.push_back({"d", 2 * EvidenceOf::kWholeSinceMs});
  for (const size_t node : {0, 1, 3}) {
    EXPECT_EQ(Of(node).verdict, Verdict::kWhole) << node;
    EXPECT_EQ(FenceModeOf(node), "") << node;
    EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(node)), 0) << node;
  }
  EXPECT_FALSE(IsDeclaredLost(evidence_.value, "d"));
}

// The release before leaves heartbeats on nodes of any ring.
TEST_F(JudgeTest, OurOwnCoordinatorsMakeANodeNobodyElses) {
  evidence_.MarkAll();
  evidence_.Mark(2, kForeignRing);
  evidence_.Beat(2, kOther, /*lives=*/true);
  evidence_.Beat(0, kOther, /*lives=*/true);
  EXPECT_EQ(Of(2).reason, "ring_changed");
}

TEST_F(JudgeTest, ARingThatIsAcceptedIsFenced) {
  evidence_.MarkAll();
  for (const size_t node : {1, 2, 3}) {
    evidence_.Mark(node, kForeignRing);
    evidence_.Of(node).accepts_ring = true;
  }
  EXPECT_EQ(Of(2).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(2).reason, "ring_changed");
  EXPECT_EQ(FenceModeOf(2), "if_wrong");
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, AnEarlierGenerationOfOurRingIsFenced) {
  evidence_.value.ring = RingId(EvidenceOf::kRing, 7);
  evidence_.MarkAll();
  for (const size_t node : {0, 1, 2}) evidence_.Mark(node, evidence_.value.ring);
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
  EXPECT_EQ(Of(3).reason, "ring_changed");
  EXPECT_EQ(FenceModeOf(3), "if_wrong");
}

// Draining.

// Evicted markers.

TEST_F(JudgeTest, AnEvictedMarkerIsWrittenAgainAndTheNodeIsWhatItWas) {
  evidence_.MarkAll();
  evidence_.At(1).marker_evicted = true;
  EXPECT_EQ(Of(1).verdict, Verdict::kWhole);
  EXPECT_TRUE(Of(1).restore);
  EXPECT_FALSE(Of(0).restore);
  evidence_.MarkerOf(1).whole = false;
  EXPECT_EQ(Of(1).reason, "resync");
  EXPECT_TRUE(Of(1).restore);
  EXPECT_FALSE(Of(1).drain.has_value());
}

TEST_F(JudgeTest, WhatElseIsToBeDoneWaitsForTheEvictedMarker) {
  evidence_.MarkAll();
  evidence_.At(1).marker_evicted = true;
  evidence_.Of(1).missed_unfenced = true;
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_TRUE(Of(1).restore);
  EXPECT_FALSE(Of(1).fence_missed);
  evidence_.Of(1).refuses_writes = true;
  EXPECT_FALSE(Of(1).restore);
}

TEST_F(JudgeTest, AnEvictedMarkerOfAnotherClusterIsNotWritten) {
  evidence_.MarkAll();
  evidence_.Mark(1, kForeignRing);
  evidence_.Beat(1, kStranger, /*lives=*/true);
  evidence_.At(1).marker_evicted = true;
  EXPECT_EQ(Of(1).reason, kForeignCluster);
  EXPECT_FALSE(Of(1).restore);
}

TEST_F(JudgeTest, AFenceThatWasLostIsRaisedAgain) {
  evidence_.MarkAll();
  evidence_.Of(1).fence_lost = true;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(FenceModeOf(1), FenceText(EvidenceOf::kFence));
  // Its memory may have been put aside at any time since.
  EXPECT_EQ(Of(1).fence->since_ms, EvidenceOf::kWholeSinceMs);
  evidence_.Note(2, "b", kOther, /*since_ms=*/900);
  EXPECT_EQ(Of(1).fence->since_ms, 900);
}

TEST_F(JudgeTest, AFenceIsDrainedForOnce) {
  evidence_.MarkAll();
  EXPECT_FALSE(Of(1).drain.has_value());
  evidence_.MarkerOf(1).whole = false;
  EXPECT_EQ(Of(1).drain, EvidenceOf::kFence);
  evidence_.Of(1).draining = true;
  EXPECT_FALSE(Of(1).drain.has_value());
  evidence_.Of(1).draining = false;
  evidence_.Of(1).drained = EvidenceOf::kFence;
  EXPECT_FALSE(Of(1).drain.has_value());
  // A lower number, after a loss of memory, is another fence all the same.
  evidence_.MarkerOf(1).fence = FenceNumber{3};
  EXPECT_EQ(Of(1).drain, FenceNumber{3});
}

TEST_F(JudgeTest, WhatAnInspectionBeforeTheConnectionSaidIsNotDrainedFor) {
  evidence_.MarkAll();
  evidence_.MarkerOf(1).whole = false;
  evidence_.Of(1).is_current = false;
  EXPECT_FALSE(Of(1).drain.has_value());
}

TEST_F(JudgeTest, CoordinatorsLiveByAnyNodesWord) {
  evidence_.MarkAll();
  evidence_.Beat(0, kOther, /*lives=*/false);
  evidence_.Beat(2, kOther, /*lives=*/true);
  evidence_.Beat(2, kStranger, /*lives=*/false);
  EXPECT_THAT(LivingCoordinators(evidence_.value), UnorderedElementsAre(kSelf, kOther));
}

TEST_F(JudgeTest, ACoordinatorThatWasCutOffDoesNotLiveByThatNodesWord) {
  evidence_.MarkAll();
  for (size_t node : {0, 1}) {
    evidence_.Beat(node, kOther, /*lives=*/true);
    evidence_.At(node).lost_coordinators.push_back({kOther, 5, /*is_cut_off=*/true});
  }
  EXPECT_THAT(LivingCoordinators(evidence_.value), ElementsAre(kSelf));
  evidence_.At(1).lost_coordinators[0].is_cut_off = false;
  EXPECT_THAT(LivingCoordinators(evidence_.value), UnorderedElementsAre(kSelf, kOther));
}

TEST_F(JudgeTest, ANodeThatSeveralProcessesAnswerForIsNotUsed) {
  evidence_.MarkAll();
  evidence_.Of(1).has_several = true;
  evidence_.Lose(1);
  EXPECT_EQ(Of(1).verdict, Verdict::kExcluded);
  EXPECT_EQ(Of(1).reason, "several_processes");
  EXPECT_FALSE(Of(1).fence.has_value());
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, ANodeIsDoubtedSinceAnybodyNotedItOrItsMarkerSays) {
  const auto since = [this] {
    return DoubtedSince(evidence_.value, evidence_.Of(1), absl::Milliseconds(100));
  };
  EXPECT_EQ(since(), absl::InfinitePast()) << "it carries no marker";
  evidence_.MarkAll();
  EXPECT_EQ(since(), absl::InfiniteFuture());
  evidence_.Note(0, "b", kOther, 7000);
  EXPECT_EQ(since(), absl::FromUnixMillis(7000));
  evidence_.MarkerOf(1).whole = false;
  evidence_.MarkerOf(1).away_ms = 5000;
  EXPECT_EQ(since(), absl::FromUnixMillis(4900)) << "its clock is ahead";
  evidence_.MarkerOf(1).away_ms = 0;
  EXPECT_EQ(since(), absl::InfinitePast()) << "it came empty";
  evidence_.Lose(1);
  EXPECT_EQ(since(), absl::InfinitePast());
}

}  // namespace
}  // namespace kache
