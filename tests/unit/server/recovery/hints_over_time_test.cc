// How nodes are made whole by hints, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::PlayedCluster;
using testing::PlayedNode;

constexpr absl::Duration kMoment = absl::Seconds(2);

std::string Fences(const char* node) {
  return std::string("kache_recovery_fences_total{node=\"") + node + "\"}";
}

double OverflowsOf(PlayedCluster& cluster, const char* node) {
  const std::string name = Concat("kache_recovery_hint_overflows_total{node=\"", node, "\"}");
  return cluster.coordinator(0).Metric(name) + cluster.coordinator(1).Metric(name);
}

double FencesOf(PlayedCluster& cluster, const char* node) {
  return cluster.coordinator(0).Metric(Fences(node)) + cluster.coordinator(1).Metric(Fences(node));
}

size_t ScansOf(PlayedCluster& cluster) {
  size_t scans = 0;
  for (size_t i = 0; i < cluster.nodes(); ++i) scans += cluster.node(i).scans();
  return scans;
}

void LeaveHint(PlayedNode& holder, const char* about, const char* key) {
  holder.hints().Leave(holder.keys().Hints(about), key, 1000);
}

// A replay of these hints breaks off.
void BreakOffReplay(PlayedNode& holder, const char* about) {
  const KeySpace& keys = holder.keys();
  holder.Run(redis::Command::Call(
      TakeHints(), {keys.Hints(about), keys.Missed(), keys.HintsTaken(about)}, {about, "gone"}));
}

// Of three nodes each is home to every key.
std::string ValueOn(PlayedCluster& cluster, size_t node, const char* key) {
  const auto held = cluster.node(node).Record(key);
  return held ? std::string(DecodeRecord(held->bytes).record.value) : "";
}

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

TEST(HintsOverTime, HintsThatWereEvictedMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  LeaveHint(cluster.node(0), "b", "key");
  cluster.node(0).Evict(cluster.node(0).keys().Hints("b"));
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GE(FencesOf(cluster, "b"), 2);  // Both coordinators may have found them missing.
  EXPECT_GT(ScansOf(cluster), scans);
  // The next ones count again.
  const size_t later = ScansOf(cluster);
  cluster.Pass(absl::Minutes(1));
  EXPECT_GE(ScansOf(cluster), later);
  const double fences = FencesOf(cluster, "b");
  cluster.coordinator(0).Miss(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), fences + 1);
}

TEST(HintsOverTime, HintsThatWereEvictedWithTheirNoteMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(0).Miss(1);
  LeaveHint(cluster.node(0), "b", "key");
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
  LeaveHint(cluster.node(0), "b", "key");
  LeaveHint(cluster.node(0), "c", "key");
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
  LeaveHint(cluster.node(0), "b", "key");
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
  LeaveHint(cluster.node(0), "b", "key");
  cluster.Pass(absl::Minutes(31), absl::Milliseconds(500));
  const size_t scans = ScansOf(cluster);
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
}

// What a coordinator left half done when it died has no hints.
TEST(HintsOverTime, WhereACoordinatorDiedMeanwhileAllIsCompared) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(1).Write({"hinted", "value"});
  cluster.Pass(kMoment);
  // As it stands where the process ended between the copies and the hint.
  const auto held = cluster.node(0).Record("hinted");
  ASSERT_TRUE(held);
  cluster.node(0).records().Hold(cluster.node(0).keys().Data("not hinted"), held->bytes);
  cluster.Replace(0);
  cluster.Pass(absl::Seconds(15));
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ValueOn(cluster, 1, "hinted"), "value");
  EXPECT_EQ(ValueOn(cluster, 1, "not hinted"), "value");
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

// It wrote its note, and left no hints.
TEST(HintsOverTime, WhereACoordinatorOfTheReleaseBeforeNotedAMissAllIsCompared) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Miss(1);  // The sets have their sentinels.
  cluster.Pass(absl::Seconds(5));
  ASSERT_TRUE(cluster.AllUp());
  const size_t scans = ScansOf(cluster);
  const std::string now = std::to_string(cluster.node(0).NowMs());
  for (size_t node = 0; node < 3; ++node) {
    PlayedNode& it = cluster.node(node);
    if (node != 1) it.SetHash(it.keys().Missed(), MissedField("b", 0xF0), "1 " + now);
  }
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
  EXPECT_TRUE(cluster.node(0).hash(cluster.node(0).keys().Missed()).empty());
}

// It may have missed the node, and not have noted it yet.
TEST(HintsOverTime, WhileACoordinatorOfTheReleaseBeforeLivesAllIsCompared) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).Miss(1);
  for (int i = 0; i < 100; ++i) {
    for (size_t node = 0; node < 3; ++node) {
      PlayedNode& it = cluster.node(node);
      const std::optional<Marker> marker = it.marker();
      it.SetHash(it.keys().Coordinators(), CoordinatorText(0xF0),
                 std::to_string(it.NowMs()) + " 3000 " + FenceText(marker->fence));
    }
    cluster.Pass(absl::Milliseconds(100));
  }
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
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

// That is known before anybody goes by hints.
TEST(HintsOverTime, HintsThatAreNotLeftInTimeMakeItAFullComparison) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Stall(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(absl::Milliseconds(100));
  for (const size_t node : {0, 2, 1}) cluster.Cut(0, node);
  cluster.Pass(absl::Seconds(10));
  EXPECT_FALSE(cluster.node(0).HasHint("b", "key"));
  cluster.GoOn(1);
  for (const size_t node : {0, 2, 1}) cluster.Mend(0, node);
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

// Its hints went with its memory, and the copies that others have from it brought none along.
TEST(HintsOverTime, WhereANodeThatHeldHintsLostItsMemoryAllIsCompared) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(0);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"key", "value"});  // c alone takes it.
  cluster.Pass(kMoment);
  // As a replay would bring it: a has it by a copy, and no hint about b.
  const auto held = cluster.node(2).Record("key");
  ASSERT_TRUE(held);
  cluster.node(0).records().Hold(cluster.node(0).keys().Data("key"), held->bytes);
  cluster.Return(0);
  cluster.Pass(kMoment);
  cluster.RestartEmpty(2);
  cluster.Pass(kMoment);
  cluster.Return(1);
  for (int i = 0; i < 300 && !cluster.AllUp(); ++i) cluster.Pass(absl::Milliseconds(100));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

// Between a note and the first inspection after it.
TEST(HintsOverTime, HintsThatAreEvictedBeforeTheyAreSeenMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(absl::Seconds(10));
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(0).Miss(1);
  LeaveHint(cluster.node(0), "b", "key");
  cluster.node(0).Evict(cluster.node(0).keys().Hints("b"));
  cluster.node(0).Evict(cluster.node(0).keys().Missed());
  cluster.Pass(absl::Seconds(8));
  cluster.coordinator(1).HoldWrites(false);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(FencesOf(cluster, "b"), 2);
}

// What one of them took, the other may lack, and nobody left hints of that.
TEST(HintsOverTime, WhereSeveralProcessesAnsweredUnderItsNameAllIsCompared) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  const std::string run_id = cluster.node(1).run_id();
  cluster.coordinator(0).ConnectRecovery(1, run_id);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.coordinator(0).ConnectShard(1, 1, "another-run");
  cluster.Pass(absl::Milliseconds(100));
  for (int i = 0; i < 10; ++i) {
    cluster.coordinator(0).ConnectShard(1, 1, run_id);
    cluster.Pass(absl::Milliseconds(100));
  }
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
}

// Somebody put an older marker back: what the fence that is gone said is not known.
TEST(HintsOverTime, AFenceThatWasLostMakesItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const std::string whole = cluster.node(1).Get(cluster.node(1).keys().Marker());
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(0).Miss(1);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.node(1).SetMarker(whole);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(false);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
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
