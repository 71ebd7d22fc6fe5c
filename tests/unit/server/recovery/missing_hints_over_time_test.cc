// Where hints may be missing nodes are compared with all others, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "tests/unit/server/recovery/hints_fixture.h"

namespace kache {
namespace {

TEST(MissingHintsOverTime, HintsThatWereEvictedMakeItAFullComparison) {
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

TEST(MissingHintsOverTime, HintsThatWereEvictedWithTheirNoteMakeItAFullComparison) {
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

TEST(MissingHintsOverTime, ANodeThatLostItsMemoryIsComparedInFull) {
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

TEST(MissingHintsOverTime, ADoubtOfHalfATombstonesLifeIsComparedInFull) {
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
TEST(MissingHintsOverTime, WhereACoordinatorDiedMeanwhileAllIsCompared) {
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

// It wrote its note, and left no hints.
TEST(MissingHintsOverTime, WhereACoordinatorOfTheReleaseBeforeNotedAMissAllIsCompared) {
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
TEST(MissingHintsOverTime, WhileACoordinatorOfTheReleaseBeforeLivesAllIsCompared) {
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

// That is known before anybody goes by hints.
TEST(MissingHintsOverTime, HintsThatAreNotLeftInTimeMakeItAFullComparison) {
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
TEST(MissingHintsOverTime, WhereANodeThatHeldHintsLostItsMemoryAllIsCompared) {
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
TEST(MissingHintsOverTime, HintsThatAreEvictedBeforeTheyAreSeenMakeItAFullComparison) {
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
TEST(MissingHintsOverTime, WhereSeveralProcessesAnsweredUnderItsNameAllIsCompared) {
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
TEST(MissingHintsOverTime, AFenceThatWasLostMakesItAFullComparison) {
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

// What was brought while a peer was away is older than the hints that a later comparison drops.
TEST(MissingHintsOverTime, AMissAfterAResyncInPartIsNotForgottenByTheComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(kMoment);
  cluster.Kill(2);
  cluster.Return(1);
  cluster.Pass(absl::Seconds(15));
  ASSERT_EQ(cluster.coordinator(0).WaitingFor(1), "node c");
  ASSERT_GT(cluster.node(0).scans(), 0u);
  cluster.Cut(1, 1);
  cluster.coordinator(1).Write({"late", "value"});
  cluster.Pass(kMoment);
  ASSERT_TRUE(cluster.node(0).HasHint("b", "late"));
  cluster.Return(2);
  const std::string old = CoordinatorText(0xF0);
  for (int i = 0; i < 150; ++i) {  // Nobody goes by hints while such a one lives.
    for (size_t node = 0; node < 3; ++node) {
      PlayedNode& it = cluster.node(node);
      it.SetHash(it.keys().Coordinators(), old,
                 Concat(it.NowMs(), " 3000 ", FenceText(it.marker()->fence)));
    }
    cluster.Pass(absl::Milliseconds(100));
  }
  for (size_t node = 0; node < 3; ++node) {  // It says goodbye.
    PlayedNode& it = cluster.node(node);
    it.Run(redis::Command::Of({"HDEL", it.keys().Coordinators(), old}));
  }
  cluster.Mend(1, 1);
  cluster.Pass(absl::Seconds(20));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(ValueOn(cluster, 1, "late"), "value");
}

}  // namespace
}  // namespace kache
