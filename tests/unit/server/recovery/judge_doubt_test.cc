// Which nodes are merely behind, and which count for nothing.
#include <gtest/gtest.h>

#include "server/recovery/judge.h"
#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using testing::EvidenceOf;

constexpr int64_t kNowMs = int64_t{100} * 60 * 1000;
constexpr int64_t kLongestMs = int64_t{30} * 60 * 1000;

class JudgeDoubtTest : public ::testing::Test {
 protected:
  JudgeDoubtTest() {
    evidence_.value.now_ms = kNowMs;
    evidence_.value.longest_doubt = absl::Milliseconds(kLongestMs);
    evidence_.MarkAll();
  }
  Doubt Of(size_t node) const { return Judge(evidence_.value)[node].doubt; }
  // It is fenced, for writes that it lacks since then.
  void Fence(size_t node, int64_t away_ms, bool kept_memory) {
    evidence_.MarkerOf(node).whole = false;
    evidence_.MarkerOf(node).away_ms = away_ms;
    evidence_.MarkerOf(node).kept_memory = kept_memory;
  }

  EvidenceOf evidence_{4};
};

TEST_F(JudgeDoubtTest, AWholeNodeIsInNone) {
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(Of(i), Doubt::kNone);
}

TEST_F(JudgeDoubtTest, ANodeThatKeptItsMemoryIsBehind) {
  Fence(1, kNowMs - kLongestMs, /*kept_memory=*/true);
  EXPECT_EQ(Of(1), Doubt::kBehind);
  EXPECT_EQ(Of(0), Doubt::kNone);
}

TEST_F(JudgeDoubtTest, ANodeThatHasLackedWritesForLongIsAmnesic) {
  Fence(1, kNowMs - kLongestMs - 1, /*kept_memory=*/true);
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, AFenceThatDoesNotSayThatTheMemoryWasKeptMeansAmnesia) {
  Fence(1, kNowMs - 1, /*kept_memory=*/false);
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, ANoteWithoutAFenceMeansBehind) {
  evidence_.Note(0, "b", EvidenceOf::kOther, kNowMs - 5);
  EXPECT_EQ(Of(1), Doubt::kBehind);
}

TEST_F(JudgeDoubtTest, TheEarliestDoubtOfAnybodyCounts) {
  Fence(1, kNowMs - 5, /*kept_memory=*/true);
  evidence_.Note(0, "b", EvidenceOf::kOther, kNowMs - 7);
  EXPECT_EQ(Of(1), Doubt::kBehind);
  evidence_.Note(2, "b", 77, kNowMs - kLongestMs - 1);  // of one that has gone
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
}

// It was reachable all the time: that it lacks writes is what counts, not that it was away.
TEST_F(JudgeDoubtTest, OwnMissedWritesCountFromTheFirst) {
  evidence_.Of(1).missed_unfenced = true;
  evidence_.Of(1).missed_since_ms = kNowMs - kLongestMs;
  EXPECT_EQ(Of(1), Doubt::kBehind);
  --evidence_.Of(1).missed_since_ms;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
}

// The marker is right, and yet the memory can't be trusted.
TEST_F(JudgeDoubtTest, WhereAFenceWasLostOrTheNodeWasDeclaredLostItIsAmnesic) {
  evidence_.Of(1).fence_lost = true;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  evidence_.Note(0, "b", EvidenceOf::kOther, kNowMs - 5);
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  evidence_.At(0).lost.push_back({"c", kNowMs});
  EXPECT_EQ(Of(2), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, AnotherProcessRingOrNameOrNoMarkerIsAmnesic) {
  evidence_.At(0).run_id = "another";
  evidence_.MarkerOf(1).name = "z";
  evidence_.MarkerOf(2).ring = 0xDEF;
  EXPECT_EQ(Of(0), Doubt::kAmnesic);
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  EXPECT_EQ(Of(2), Doubt::kAmnesic);
  evidence_.At(3).has_marker = false;
  evidence_.At(3).marker.reset();
  EXPECT_EQ(Of(3), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, ANodeThatWasNotInspectedSinceItsConnectionsWereMadeIsAmnesic) {
  evidence_.Of(1).is_current = false;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  evidence_.Lose(2);
  EXPECT_EQ(Of(2), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, WhileACoordinatorOfTheReleaseBeforeLivesNobodyIsMerelyBehind) {
  Fence(1, kNowMs - 5, /*kept_memory=*/true);
  evidence_.Beat(0, EvidenceOf::kOther, /*lives=*/true);
  EXPECT_EQ(Of(1), Doubt::kBehind);
  evidence_.At(0).heartbeats.back().ring = 0;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  evidence_.At(0).heartbeats.back().lives = false;
  EXPECT_EQ(Of(1), Doubt::kBehind);
}

// It ended lives that are not over: it has lost these records.
TEST_F(JudgeDoubtTest, ANodeWhoseClockWasFarAheadIsAmnesic) {
  evidence_.Of(1).clock_skewed = true;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
  evidence_.Of(1).clock_skewed = false;
  evidence_.Of(1).missed_unfenced = evidence_.Of(1).memory_untrusted = true;
  evidence_.Of(1).missed_since_ms = kNowMs - 5;
  EXPECT_EQ(Of(1), Doubt::kAmnesic);
}

TEST_F(JudgeDoubtTest, NodesThatMustNotBeUsedAreAmnesic) {
  for (size_t i = 0; i < 3; ++i) evidence_.MarkerOf(i).ring = 0xDEF;
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(Of(i), Doubt::kAmnesic) << i;
}

TEST_F(JudgeDoubtTest, WhatCanBeDoneChangesNoDoubt) {
  Fence(1, kNowMs - 5, /*kept_memory=*/true);
  evidence_.Of(1).refuses_writes = true;
  EXPECT_EQ(Of(1), Doubt::kBehind);
  evidence_.Of(1).refuses_writes = false;
  evidence_.Of(1).is_ready = false;
  EXPECT_EQ(Of(1), Doubt::kBehind);
  evidence_.Of(1).is_ready = true;
  evidence_.At(1).marker_evicted = true;
  EXPECT_EQ(Of(1), Doubt::kBehind);
}

}  // namespace
}  // namespace kache
