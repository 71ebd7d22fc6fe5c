// What is concluded from doubts: one's own misses, and the notes of others.
#include <gtest/gtest.h>

#include <chrono>

#include "server/recovery/judge.h"
#include "tests/testing/evidence_of.h"
#include "tests/unit/server/recovery/judge_fixture.h"

namespace kache {
namespace {

using testing::EvidenceOf;
using Verdict = Standing::Verdict;

using JudgeDoubtsTest = JudgeFixture;

TEST_F(JudgeDoubtsTest, OwnMissedWritesKeepItInDoubtUntilFenced) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_TRUE(Of(1).fence_missed);
  evidence_.Of(1).fencing = true;
  EXPECT_FALSE(Of(1).fence_missed);
}

TEST_F(JudgeDoubtsTest, AMissDoesNotFenceAnewWhatIsBeingRefilled) {
  evidence_.MarkAll();
  Marker& marker = evidence_.MarkerOf(1);
  marker.whole = marker.kept_memory = false;
  evidence_.Of(1).is_current = true;
  evidence_.Of(1).missed_unfenced = true;
  EXPECT_FALSE(Of(1).fence_missed);
  EXPECT_EQ(Of(1).drain, marker.fence);
  evidence_.Of(1).memory_untrusted = true;
  EXPECT_TRUE(Of(1).fence_missed);
  evidence_.Of(1).memory_untrusted = false;
  marker.kept_memory = true;
  EXPECT_TRUE(Of(1).fence_missed);
}

TEST_F(JudgeDoubtsTest, ANodeThatRefusesWritesIsProbedBeforeItIsFenced) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  evidence_.Of(1).refuses_writes = true;
  EXPECT_FALSE(Of(1).fence_missed);
  EXPECT_TRUE(Of(1).probe_write);
  evidence_.Of(1).takes_writes = false;  // its back-off
  EXPECT_FALSE(Of(1).probe_write);
}

TEST_F(JudgeDoubtsTest, NothingIsDoneOnANodeThatCantBeWrittenTo) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_unfenced = true;
  evidence_.Of(1).is_ready = false;
  EXPECT_FALSE(Of(1).fence_missed);
  evidence_.MarkerOf(2).run_id = "earlier";
  evidence_.Of(2).is_ready = false;
  EXPECT_EQ(FenceModeOf(2), "");
  EXPECT_EQ(Of(2).reason, "restarted");
}

TEST_F(JudgeDoubtsTest, ALivingCoordinatorsNoteKeepsItInDoubt) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kOther);
  evidence_.Beat(2, kOther, /*lives=*/true);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(Of(1).reason, "missed_writes");
  EXPECT_EQ(FenceModeOf(1), "");  // it does that itself
  EXPECT_EQ(Of(0).verdict, Verdict::kWhole);
}

TEST_F(JudgeDoubtsTest, ADeadCoordinatorsNoteIsFenced) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kOther);
  evidence_.Beat(0, kOther, /*lives=*/false);
  EXPECT_EQ(Of(1).verdict, Verdict::kInDoubt);
  EXPECT_EQ(FenceModeOf(1), FenceText(EvidenceOf::kFence));  // that very marker
  EXPECT_EQ(Of(1).fence->since_ms, 900);
}

// The resync that made the node whole may have removed the note since.
TEST_F(JudgeDoubtsTest, ADeadCoordinatorsNoteIsLookedForAgainOnceTheNodeIsWhole) {
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

TEST_F(JudgeDoubtsTest, OwnNotesAreForTheDoubtsToJudge) {
  evidence_.MarkAll();
  evidence_.Note(0, "b", kSelf);
  EXPECT_EQ(Of(1).verdict, Verdict::kWhole);
}

TEST_F(JudgeDoubtsTest, AnAbsenceBeganWithTheEarliestDoubtOfAnybody) {
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

TEST_F(JudgeDoubtsTest, OwnNotesThatWereSeenToDateNoAbsence) {
  evidence_.MarkAll();
  evidence_.Of(1).missed_resolved = 4;
  evidence_.Note(0, "b", kSelf, 500, /*number=*/4);
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 0);
  evidence_.Note(0, "b", kSelf, 550, /*number=*/5);
  EXPECT_EQ(EarliestDoubtMs(evidence_.value, evidence_.Of(1)), 550);
}

}  // namespace
}  // namespace kache
