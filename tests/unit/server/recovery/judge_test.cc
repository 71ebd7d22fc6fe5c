// Which nodes are whole, and what is to be done about the others.
#include "server/recovery/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "server/bookkeeping/ring_id.h"
#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::EvidenceOf;
using ::testing::UnorderedElementsAre;
using Verdict = Standing::Verdict;

constexpr uint64_t kForeignRing = 0xDEF;

class JudgeTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSelf = EvidenceOf::kSelf;
  static constexpr uint64_t kOther = EvidenceOf::kOther;
  static constexpr uint64_t kStranger = 3;

  Assessment Of(size_t node) const { return Judge(evidence_.value)[node]; }
  std::string FenceModeOf(size_t node) const {
    const Assessment assessment = Of(node);
    return assessment.fence ? assessment.fence->mode : "";
  }
  void ExpectAll(Verdict verdict, const std::string& reason) const {
    for (const Assessment& assessment : Judge(evidence_.value)) {
      EXPECT_EQ(assessment.verdict, verdict);
      EXPECT_EQ(assessment.reason, reason);
    }
  }

  EvidenceOf evidence_{4};
};

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

// Doubts.

TEST_F(JudgeTest, OwnMissedWritesKeepItInDoubtUntilFenced) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_TRUE(Of(1).fence_missed);
  evidence_.Of(1).fencing = true;
  EXPECT_FALSE(Of(1).fence_missed);
}

TEST_F(JudgeTest, ANodeThatRefusesWritesIsProbedBeforeItIsFenced) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  evidence_.Of(1).refuses_writes = true;
  EXPECT_FALSE(Of(1).fence_missed);
  EXPECT_TRUE(Of(1).probe_write);
  evidence_.Of(1).takes_writes = false;  // its back-off
  EXPECT_FALSE(Of(1).probe_write);
}

TEST_F(JudgeTest, NothingIsDoneOnANodeThatCantBeWrittenTo) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  evidence_.Of(1).is_ready = false;
  EXPECT_FALSE(Of(1).fence_missed);
  evidence_.MarkerOf(2).run_id = "earlier";
  evidence_.Of(2).is_ready = false;
  EXPECT_EQ(FenceModeOf(2), "");
  EXPECT_EQ(Of(2).reason, "restarted");
}

TEST_F(JudgeTest, ALivingCoordinatorsNoteKeepsItInDoubt) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kOther);
  evidence_.Beat(2, kOther, /*lives=*/true);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_EQ(FenceModeOf(1), "");  // it does that itself
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, ADeadCoordinatorsNoteIsFenced) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kOther);
  evidence_.Beat(0, kOther, /*lives=*/false);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(FenceModeOf(1), FenceText(EvidenceOf::kFence));  // that very marker
  EXPECT_EQ(Of(1).fence->since_ms, 900);
}

// The resync that made the node whole may have removed the note since.
TEST_F(JudgeTest, ADeadCoordinatorsNoteIsLookedForAgainOnceTheNodeIsWhole) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kOther);
  const MonotonicTime whole_at = MonotonicTime() + std::chrono::seconds(10);
  evidence_.Of(1).marker_seen_at = whole_at;
  evidence_.Of(0).inspected_at = whole_at - std::chrono::milliseconds(1);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(FenceModeOf(1), "");
  evidence_.Of(0).inspected_at = whole_at;
  EXPECT_EQ(FenceModeOf(1), FenceText(EvidenceOf::kFence));
}

TEST_F(JudgeTest, OwnNotesAreForTheDoubtsToJudge) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kSelf);
  EXPECT_EQ(Of(1).verdict, Verdict::kWhole);
}

TEST_F(JudgeTest, AnAbsenceBeganWithTheEarliestDoubtOfAnybody) {
  evidence_.MarkAll();
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 0);
  evidence_.Of(1).missed_since_ms = 800;
  evidence_.Note(0, "b", kOther, 700);
  evidence_.Beat(0, kOther, /*lives=*/true);
  evidence_.Note(2, "b", kStranger, 600);  // gone
  evidence_.Note(2, "c", kStranger, 100);  // about another node
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 600);
  EXPECT_EQ(Of(1).fence->since_ms, 600);
}

TEST_F(JudgeTest, OwnNotesThatWereSeenToDateNoAbsence) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_resolved = 4;
  evidence_.Note(0, "b", kSelf, 500, /*number=*/4);
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 0);
  evidence_.Note(0, "b", kSelf, 550, /*number=*/5);
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 550);
}

// Draining.

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

}  // namespace
}  // namespace kache
