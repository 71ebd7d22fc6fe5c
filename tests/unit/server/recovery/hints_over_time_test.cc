// How nodes are made whole by hints, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::PlayedCluster;

constexpr absl::Duration kMoment = absl::Seconds(2);

std::string Fences(const char* node) {
  return std::string("kache_recovery_fences_total{node=\"") + node + "\"}";
}

double FencesOf(PlayedCluster& cluster, const char* node) {
  return cluster.coordinator(0).Metric(Fences(node)) + cluster.coordinator(1).Metric(Fences(node));
}

size_t ScansOf(PlayedCluster& cluster) {
  size_t scans = 0;
  for (size_t i = 0; i < 3; ++i) scans += cluster.node(i).scans();
  return scans;
}

TEST(HintsOverTime, WhatHintsNameIsBroughtAndNothingElseIsLookedAt) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "key");
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 1);
  EXPECT_EQ(ScansOf(cluster), scans);
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
}

// Else they were in the set that is removed when the replay is through.
TEST(HintsOverTime, HintsThatComeDuringAReplayStayForTheNextOne) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(true);  // The resync can't begin.
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "before");
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.node(0).HasHint("b", "before"));
  cluster.coordinator(1).Miss(1);
  cluster.node(2).LeaveHint("b", "later");
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
  cluster.node(0).LeaveHint("b", "earlier");
  cluster.node(0).BreakOffReplay("b");
  cluster.node(0).LeaveHint("b", "later");
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_FALSE(cluster.node(0).HasHint("b", "later"));
  EXPECT_EQ(cluster.node(0).hints_read(), 2u);
  EXPECT_EQ(ScansOf(cluster), scans);
}

TEST(HintsOverTime, HintsThatWereEvictedMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "key");
  cluster.node(0).Evict(cluster.node(0).keys().Hints("b"));
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 2);
  EXPECT_GT(ScansOf(cluster), scans);
  // The next ones count again.
  const size_t later = ScansOf(cluster);
  cluster.Pass(absl::Minutes(1));
  const size_t swept = ScansOf(cluster);
  EXPECT_GE(swept, later);
  cluster.coordinator(0).Miss(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 3);
}

TEST(HintsOverTime, HintsThatWereEvictedWithTheirNoteMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "key");
  cluster.Pass(absl::Seconds(4));
  cluster.node(0).Evict(cluster.node(0).keys().Hints("b"));
  cluster.node(0).Evict(cluster.node(0).keys().Missed());
  cluster.Pass(absl::Seconds(4));
  cluster.coordinator(1).HoldWrites(false);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 2);
}

// Its note is written there only now: nothing was evicted.
TEST(HintsOverTime, ACoordinatorThatCouldNotReachAHolderCostsNoFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Cut(0, 2);
  cluster.coordinator(0).Miss(1);
  cluster.coordinator(0).Miss(2);
  cluster.node(0).LeaveHint("b", "key");
  cluster.node(0).LeaveHint("c", "key");
  cluster.Pass(kMoment);
  cluster.Mend(0, 2);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ScansOf(cluster), scans);
}

TEST(HintsOverTime, ANodeThatLostItsMemoryIsComparedInFull) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Kill(1);
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "key");
  cluster.node(1).LoseMemory();
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
}

TEST(HintsOverTime, ADoubtOfHalfATombstonesLifeIsComparedInFull) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.coordinator(0).Miss(1);
  cluster.node(0).LeaveHint("b", "key");
  cluster.Pass(absl::Minutes(31), absl::Milliseconds(500));
  const size_t scans = ScansOf(cluster);
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
}

}  // namespace
}  // namespace kache
