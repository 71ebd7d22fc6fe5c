// When it is said that data was lost, and when it is not.
#include "server/recovery/loss_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kQuarter = uint64_t{1} << 62;

// Four nodes, a quarter of the keys first on each: their homes are abc, bcd, cda and dab.
std::shared_ptr<const HashRing> Quarters() {
  return std::make_shared<const HashRing>(
      HashRing::AtTokens({"a", "b", "c", "d"}, {{0}, {kQuarter}, {2 * kQuarter}, {3 * kQuarter}}));
}

class LossWatchTest : public ::testing::Test {
 protected:
  LossWatchTest() {
    for (size_t i = 0; i < 4; ++i) Empty(i);
  }

  // A process without anything.
  void Empty(size_t node) { evidence_.Reach(node, "run-" + std::to_string(++runs_)); }
  void Mark(size_t node, bool whole, bool came_empty) {
    evidence_.Mark(node);
    evidence_.MarkerOf(node).whole = whole;
    evidence_.MarkerOf(node).came_empty = came_empty;
  }
  void FirstMarker(size_t node) { Mark(node, true, true); }
  void Fence(size_t node) { Mark(node, false, true); }
  void Resync(size_t node) { Mark(node, true, false); }
  void Leave(size_t node) { evidence_.Lose(node); }
  // Loses its memory, and is fenced.
  void Restart(size_t node) {
    Empty(node);
    Fence(node);
  }
  void FirstStart() {
    for (size_t i = 0; i < 4; ++i) FirstMarker(i);
    EXPECT_EQ(Share(), 0);
  }
  void InspectAgain(size_t node) { evidence_.At(node).now_ms = ++now_ms_; }
  // The loss that the evidence as it stands brings to light, by two inspections of each node.
  std::optional<LossWatch::Loss> Loss() {
    EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
    for (size_t i = 0; i < evidence_.inspections.size(); ++i) InspectAgain(i);
    return watch_.OnEvidence(evidence_.value);
  }
  double Share() {
    const auto loss = Loss();
    return loss ? loss->share : 0;
  }

  testing::EvidenceOf evidence_{4};
  int runs_ = 0;
  int64_t now_ms_ = 1;
  LossWatch watch_{Quarters(), 3};
};

TEST_F(LossWatchTest, AFirstStartIsNoLoss) {
  EXPECT_EQ(Share(), 0);
  FirstStart();
}

TEST_F(LossWatchTest, NodesThatJoinAFirstStartLateLoseNothing) {
  for (const size_t late : {1, 2, 3}) Leave(late);
  FirstMarker(0);
  EXPECT_EQ(Share(), 0);
  for (const size_t late : {1, 2, 3}) Restart(late);
  EXPECT_EQ(Share(), 0);
}

TEST_F(LossWatchTest, NothingIsLostWhileOneHomeReplicaKeptItsMemory) {
  FirstStart();
  Restart(0);
  Restart(1);
  EXPECT_EQ(Share(), 0);
}

TEST_F(LossWatchTest, TellsOfTheKeysWhoseHomeReplicasAllLostTheirMemory) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Restart(node);
  const auto loss = Loss();
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->share, 0.25);
  EXPECT_THAT(loss->nodes, ElementsAre("a", "b", "c"));
}

TEST_F(LossWatchTest, WhatWasInspectedBeforeTheLastNodeWasLostDoesNotCount) {
  FirstStart();
  Restart(0);
  Restart(1);
  EXPECT_EQ(Share(), 0);
  Restart(2);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  InspectAgain(1);
  InspectAgain(2);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  Mark(0, /*whole=*/true, /*came_empty=*/false);  // Another coordinator had filled it.
  InspectAgain(0);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  EXPECT_EQ(Share(), 0);
}

TEST_F(LossWatchTest, ANodeOutOfReachIsWaitedForBeforeALossIsToldOf) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  Leave(1);
  EXPECT_EQ(Share(), 0);
  Restart(1);
  EXPECT_EQ(Share(), 0.25);
}

// A resync that ends just then waits for this: the node that it makes whole would hide the loss.
TEST_F(LossWatchTest, IsConfirmingUntilEachLostNodeThatCanBeReachedWasInspectedAgain) {
  FirstStart();
  Restart(0);
  Restart(1);
  EXPECT_EQ(Share(), 0);
  EXPECT_FALSE(watch_.is_confirming());
  Restart(2);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  EXPECT_TRUE(watch_.is_confirming());
  Leave(2);  // Nobody knows for how long.
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  EXPECT_FALSE(watch_.is_confirming());
  Restart(2);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  EXPECT_TRUE(watch_.is_confirming());
  for (const size_t node : {0, 1, 2}) InspectAgain(node);
  EXPECT_TRUE(watch_.OnEvidence(evidence_.value));
  EXPECT_FALSE(watch_.is_confirming());
}

TEST_F(LossWatchTest, ANodeWithoutAMarkerCountsBeforeItIsFenced) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Empty(node);
  EXPECT_EQ(Share(), 0.25);
}

TEST_F(LossWatchTest, LossesAreToldOfOnce) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0.25);
  EXPECT_EQ(Share(), 0);
  Leave(1);  // Out of sight is not whole again,
  EXPECT_EQ(Share(), 0);
  Restart(1);  // and what is lost cannot be lost again.
  EXPECT_EQ(Share(), 0);
}

TEST_F(LossWatchTest, AFurtherNodeTellsOfTheFurtherKeysAlone) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0.25);
  Restart(3);
  EXPECT_EQ(Share(), 0.75);
}

TEST_F(LossWatchTest, NodesThatGoOneAfterAnotherLoseNothingWhenEachIsResynchronised) {
  FirstStart();
  for (const size_t node : {0, 1, 2, 3, 0}) {
    Restart(node);
    EXPECT_EQ(Share(), 0);
    Resync(node);
    EXPECT_EQ(Share(), 0);
  }
}

TEST_F(LossWatchTest, WhatIsLostAgainAfterAResyncIsToldOfAgain) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0.25);
  for (const size_t node : {0, 1, 2}) Resync(node);
  EXPECT_EQ(Share(), 0);
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0.25);
}

TEST_F(LossWatchTest, ANodeThatGoesWhileTwoAreResynchronisedLosesWhatTheyLacked) {
  FirstStart();
  Restart(0);
  Restart(1);
  EXPECT_EQ(Share(), 0);
  Leave(2);
  EXPECT_EQ(Share(), 0);
  Restart(2);
  EXPECT_EQ(Share(), 0.25);
}

TEST_F(LossWatchTest, AProcessLoadedFromADiskKeptItsMemory) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) {
    Empty(node);
    Mark(node, true, true);
    evidence_.MarkerOf(node).run_id = "the process that saved it";
  }
  EXPECT_EQ(Share(), 0);
  for (const size_t node : {0, 1, 2}) Mark(node, false, false);  // fenced
  EXPECT_EQ(Share(), 0);
}

TEST_F(LossWatchTest, AFenceOfANodeThatKeptItsMemoryIsNoLoss) {
  FirstStart();
  for (const size_t node : {0, 1, 2}) Mark(node, false, false);
  EXPECT_EQ(Share(), 0);
}

// The coordinator was started while they were away; other nodes tell that they were whole.
TEST_F(LossWatchTest, NodesThatOthersKnowHaveAMemoryToLose) {
  Resync(3);
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0);
  evidence_.At(3).members = {"a", "b", "c", "d"};
  EXPECT_EQ(Share(), 0.25);
}

TEST_F(LossWatchTest, TheLossOfEverythingIsNoFirstStart) {
  FirstStart();
  for (size_t i = 0; i < 4; ++i) Empty(i);
  EXPECT_EQ(Share(), 1);
  for (size_t i = 0; i < 4; ++i) FirstMarker(i);
  EXPECT_EQ(Share(), 0);
  for (size_t i = 0; i < 4; ++i) Empty(i);
  EXPECT_EQ(Share(), 1);
}

// By another coordinator, which knows nothing of what was there before.
TEST_F(LossWatchTest, TheLossOfEverythingIsToldOfThoughANewFirstStartComesFirst) {
  FirstStart();
  for (size_t i = 0; i < 4; ++i) Empty(i);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  for (size_t i = 0; i < 4; ++i) {
    FirstMarker(i);
    InspectAgain(i);
  }
  EXPECT_TRUE(watch_.OnEvidence(evidence_.value));
  EXPECT_EQ(Share(), 0);
}

// Its first marker was written by another coordinator, whose word is newer than our inspection.
TEST_F(LossWatchTest, AFirstStartThatAnotherCoordinatorMakesIsNoLoss) {
  FirstMarker(3);
  evidence_.At(3).members = {"a", "b", "c", "d"};
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  for (size_t i = 0; i < 3; ++i) FirstMarker(i);
  for (size_t i = 0; i < 4; ++i) InspectAgain(i);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  EXPECT_EQ(Share(), 0);
  for (const size_t node : {0, 1, 2}) Restart(node);
  EXPECT_EQ(Share(), 0.25);
}

// By a coordinator that inspects some of them only once they were given new markers.
TEST_F(LossWatchTest, TheLossOfEverythingIsSeenByNewProcessesWithFirstMarkers) {
  FirstStart();
  for (size_t i = 0; i < 4; ++i) {
    Empty(i);
    FirstMarker(i);
  }
  EXPECT_EQ(Share(), 1);
  EXPECT_EQ(Share(), 0);
}

// By a coordinator whose inspections of the others are older than their end.
TEST_F(LossWatchTest, TheLossOfEverythingIsNotHiddenByOlderInspections) {
  FirstStart();
  for (const size_t node : {0, 1}) Empty(node);
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value));
  for (const size_t node : {0, 1}) {
    FirstMarker(node);
    InspectAgain(node);
  }
  EXPECT_FALSE(watch_.OnEvidence(evidence_.value)) << "of 2 and 3 nothing new is known";
  for (const size_t node : {2, 3}) {
    Empty(node);
    FirstMarker(node);
    InspectAgain(node);
  }
  EXPECT_EQ(Share(), 1);
  EXPECT_EQ(Share(), 0);
}

// They come back one by one, and the first of them are given new markers before the last are there.
TEST_F(LossWatchTest, TheLossOfEverythingIsToldOfInFull) {
  FirstStart();
  for (size_t i = 0; i < 4; ++i) Leave(i);
  EXPECT_EQ(Share(), 0);
  for (const size_t node : {0, 1}) Empty(node);
  EXPECT_EQ(Share(), 0);
  for (const size_t node : {0, 1}) FirstMarker(node);
  EXPECT_EQ(Share(), 0);
  Restart(2);
  EXPECT_EQ(Share(), 0.25);
  Restart(3);
  EXPECT_EQ(Share(), 0.75);
}

}  // namespace
}  // namespace kache
