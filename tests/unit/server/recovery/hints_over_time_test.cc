// How nodes are made whole by hints, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/recovery/hints_fixture.h"

namespace kache {
namespace {

TEST(HintsOverTime, WhatHintsNameIsBroughtAndNothingElseIsLookedAt) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"other", "value"});
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.node(0).HasHint("b", "key"));
  EXPECT_TRUE(cluster.node(2).HasHint("b", "key"));
  EXPECT_FALSE(cluster.node(0).HasHint("b", "other"));
  cluster.Return(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 1);
  EXPECT_EQ(ScansOf(cluster), scans);
  EXPECT_EQ(cluster.node(0).hints_read() + cluster.node(2).hints_read(), 2u);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
}

// Its connections break under the write: nobody knew before.
TEST(HintsOverTime, AWriteThatANodeFailedIsBroughtByItsHint) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Stall(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(2 * PlayedCluster::kSilence);
  EXPECT_TRUE(cluster.node(0).HasHint("b", "key"));
  EXPECT_TRUE(cluster.node(2).HasHint("b", "key"));
  cluster.GoOn(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

// Else they were in the set that is removed when the replay is through.
TEST(HintsOverTime, HintsThatComeDuringAReplayStayForTheNextOne) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(true);  // The resync can't begin.
  cluster.coordinator(0).Miss(1);
  LeaveHint(cluster.node(0), "b", "before");
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.node(0).HasHint("b", "before"));
  cluster.coordinator(1).Miss(1);
  LeaveHint(cluster.node(2), "b", "later");
  cluster.coordinator(1).HoldWrites(false);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_FALSE(cluster.node(0).HasHint("b", "before"));
  EXPECT_FALSE(cluster.node(2).HasHint("b", "later"));
}

TEST(HintsOverTime, HintsBesideThoseOfAReplayThatBrokeOffAreBroughtToo) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  LeaveHint(cluster.node(0), "b", "earlier");
  BreakOffReplay(cluster.node(0), "b");
  LeaveHint(cluster.node(0), "b", "later");
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_FALSE(cluster.node(0).HasHint("b", "later"));
  EXPECT_EQ(cluster.node(0).hints_read(), 2u);
  EXPECT_EQ(ScansOf(cluster), scans);
}

// Its note is written there only now: nothing was evicted.
TEST(HintsOverTime, ACoordinatorThatCouldNotReachAHolderCostsNoFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Cut(0, 2);
  cluster.coordinator(0).Miss(1);
  cluster.coordinator(0).Miss(2);
  LeaveHint(cluster.node(0), "b", "key");
  LeaveHint(cluster.node(0), "c", "key");
  cluster.Pass(kMoment);
  cluster.Mend(0, 2);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
}

// The node is back before anybody knows that the coordinator died.
TEST(HintsOverTime, ANodeThatReturnsIsNotMadeWholeBeforeADeadCoordinatorIsBuried) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(1).Write({"hinted", "value"});
  cluster.Pass(kMoment);
  cluster.End(0);
  const auto held = cluster.node(0).Record("hinted");
  ASSERT_TRUE(held);
  cluster.node(0).records().Hold(cluster.node(0).keys().Data("not hinted"), held->bytes);
  cluster.Return(1);
  for (int i = 0; i < 300 && !cluster.AllUp(); ++i) cluster.Pass(absl::Milliseconds(100));
  ASSERT_TRUE(cluster.AllUp());
  EXPECT_EQ(ValueOn(cluster, 1, "not hinted"), "value");
}

TEST(HintsOverTime, AGoodbyeCostsNoComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(kMoment);
  cluster.coordinator(0).SayGoodbye();
  cluster.Replace(0);
  cluster.Pass(absl::Seconds(15));
  const size_t scans = ScansOf(cluster);
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(OverflowsOf(cluster, "b"), 0);
  EXPECT_EQ(FencesOf(cluster, "b"), 1);
  EXPECT_EQ(ScansOf(cluster), scans);  // not even by a sweep
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

// The hint can't be left where the one copy stands, but beside the other.
TEST(HintsOverTime, AHintThatIsLostWithAConnectionCostsNoFullComparison) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Stall(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(absl::Milliseconds(100));  // The others have acknowledged it.
  cluster.Cut(0, 0);
  cluster.Pass(2 * PlayedCluster::kSilence);
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
  cluster.Mend(0, 0);
  cluster.GoOn(1);
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

TEST(HintsOverTime, HintsThatCantBeLeftAreLeftOnceANodeIsBack) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Stall(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(absl::Milliseconds(100));
  for (const size_t node : {0, 2, 1}) cluster.Cut(0, node);
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
  cluster.Pass(absl::Seconds(1));
  for (const size_t node : {0, 2}) cluster.Mend(0, node);
  cluster.Pass(absl::Seconds(1));
  EXPECT_TRUE(cluster.node(0).HasHint("b", "key"));
  cluster.GoOn(1);
  cluster.Mend(0, 1);
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

TEST(HintsOverTime, AMissDuringAComparisonIsHintedOrCompared) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  for (int i = 0; i < 40; ++i) cluster.coordinator(0).Write({"k" + std::to_string(i), "v"});
  cluster.Pass(kMoment);
  cluster.RestartEmpty(1);
  cluster.Pass(absl::Milliseconds(600));
  cluster.Cut(0, 1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(kMoment);
  cluster.Mend(0, 1);
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(ValueOn(cluster, 1, ("k" + std::to_string(i)).c_str()), "v") << i;
  }
  // What is missed from now on goes by hints.
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
}

}  // namespace
}  // namespace kache
