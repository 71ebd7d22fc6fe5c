// What several recoveries do over time, on played nodes and a fake clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;
using ::testing::SizeIs;

constexpr absl::Duration kMoment = absl::Seconds(2);
// Until a coordinator that gives no heartbeat any more is taken for gone.
constexpr absl::Duration kSilence = absl::Seconds(11);

RecoveryConfig Copies(uint32_t replication_factor) {
  RecoveryConfig config;
  config.replication_factor = replication_factor;
  return config;
}

std::string Fences(const char* node) {
  return std::string("kache_recovery_fences_total{node=\"") + node + "\"}";
}

std::map<std::string, std::string> NotesOn(PlayedNode& node) {
  return node.hash(node.keys().Missed());
}

// First starts.

TEST(RecoveryOverTime, AFirstStartMakesAllNodesWhole) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.AllUp());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(cluster.node(i).marker()->whole);
    EXPECT_TRUE(cluster.node(i).marker()->came_empty);
  }
  EXPECT_EQ(cluster.coordinator(0).Metric("kache_recovery_data_losses_total"), 0);
}

TEST(RecoveryOverTime, AFirstStartWaitsForTheNodeThatIsMissing) {
  PlayedCluster cluster(3, 1);
  cluster.Kill(2);
  cluster.Pass(absl::Minutes(10));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(cluster.coordinator(0).Status(i).state, NodeState::kDown);
    EXPECT_EQ(cluster.coordinator(0).Status(i).reason, "first_start_waits_for:c");
    EXPECT_FALSE(cluster.node(i).marker().has_value());
  }
  cluster.Return(2);
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.AllUp());
}

TEST(RecoveryOverTime, AFirstStartDoesNotWaitForANodeThatWasDeclaredLost) {
  PlayedCluster cluster(3, 1);
  cluster.Kill(2);
  cluster.Pass(absl::Seconds(10));
  absl::Status declared = absl::UnknownError("never answered");
  cluster.coordinator(0).recovery().DeclareLost("c",
                                                [&](absl::Status status) { declared = status; });
  cluster.Pass(kMoment);
  EXPECT_TRUE(declared.ok()) << declared;
  EXPECT_EQ(cluster.coordinator(0).Status(0).state, NodeState::kUp);
  // What it brings along is not trusted when it comes back.
  cluster.Return(2);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(cluster.coordinator(0).Metric(Fences("c")), 1);
  EXPECT_THAT(cluster.node(0).hash(cluster.node(0).keys().Lost()), IsEmpty());
}

// The other one holds the data, and is away for a moment.
TEST(RecoveryOverTime, AnEmptiedNodeIsNoFirstStartForANewCoordinator) {
  PlayedCluster cluster(2, 1, Copies(2));
  cluster.Pass(kMoment);
  cluster.Kill(0);
  cluster.Kill(1);
  cluster.node(1).LoseMemory();
  cluster.Replace(0);
  cluster.Return(1);
  cluster.Pass(absl::Minutes(1));
  EXPECT_EQ(cluster.coordinator(0).Status(1).reason, "first_start_waits_for:a");
  cluster.Return(0);
  cluster.Pass(absl::Seconds(30));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_FALSE(cluster.node(1).marker()->came_empty);  // It was resynced.
}

TEST(RecoveryOverTime, TheLossOfAllMemoriesIsNoFirstStartForWhoSawThemWhole) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  for (size_t i = 0; i < 3; ++i) cluster.RestartEmpty(i);
  cluster.Pass(absl::Seconds(5));
  EXPECT_TRUE(cluster.AllUp());
  for (size_t i = 0; i < 3; ++i) EXPECT_FALSE(cluster.node(i).marker()->came_empty);
  EXPECT_EQ(cluster.coordinator(0).Metric("kache_recovery_data_losses_total"), 1);
}

// Doubts.

TEST(RecoveryOverTime, ANodeThatMissedWritesIsFencedAndMadeWholeAgain) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).HoldWrites(true);
  cluster.coordinator(0).Miss(1);
  EXPECT_THAT(NotesOn(cluster.node(0)), SizeIs(1));
  cluster.Pass(kMoment);
  EXPECT_FALSE(cluster.node(1).marker()->whole);
  EXPECT_EQ(cluster.coordinator(0).WaitingFor(1),
            "coordinator " + CoordinatorText(cluster.coordinator(1).id()));
  cluster.coordinator(1).HoldWrites(false);
  cluster.Pass(kMoment);
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(cluster.coordinator(0).Metric(Fences("b")), 1);
  EXPECT_THAT(NotesOn(cluster.node(0)), IsEmpty());
}

TEST(RecoveryOverTime, AnOpenDoubtIsTaughtToANodeThatForgotIt) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.coordinator(0).Miss(1);
  cluster.RestartEmpty(0);
  EXPECT_THAT(NotesOn(cluster.node(0)), IsEmpty());
  cluster.Pass(kMoment);
  EXPECT_THAT(NotesOn(cluster.node(0)), SizeIs(1));
}

TEST(RecoveryOverTime, ADeadCoordinatorsDoubtIsSeenToByAnother) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Miss(1);
  cluster.End(0);
  cluster.Pass(kMoment);
  EXPECT_EQ(cluster.coordinator(1).Status(1).reason, "missed_writes");
  cluster.Pass(kSilence);
  EXPECT_TRUE(cluster.AllUp());
  // For its note; and as what it left half done has no hints.
  EXPECT_EQ(cluster.coordinator(1).Metric(Fences("b")), 2);
  EXPECT_THAT(NotesOn(cluster.node(0)), IsEmpty());
  EXPECT_EQ(cluster.coordinator(1).Metric("kache_recovery_coordinators_vanished_total"), 1);
}

// Its coordinator had noticed long before another did, and was replaced meanwhile.
TEST(RecoveryOverTime, AnAbsenceBeganWhenTheFirstNoticed) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.coordinator(0).Miss(1);
  const int64_t first_ms = cluster.node(0).NowMs();
  cluster.End(0);
  cluster.Pass(absl::Minutes(50), absl::Seconds(1));
  cluster.coordinator(1).Miss(1);
  cluster.coordinator(1).HoldWrites(false);
  cluster.Kill(2);  // so that its resync does not end
  cluster.Return(1);
  cluster.Pass(kMoment);
  ASSERT_FALSE(cluster.node(1).marker()->whole);
  EXPECT_LT(cluster.node(1).marker()->away_ms, first_ms + 1000);
}

TEST(RecoveryOverTime, FencesOfANodeThatLostItsMemoryDoNotGoBack) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Miss(1);
  cluster.Pass(kMoment);
  ASSERT_TRUE(cluster.AllUp());
  const FenceNumber before = cluster.node(1).marker()->fence;
  cluster.Kill(1);
  cluster.node(1).LoseMemory();
  cluster.node(1).SetClock(-absl::Seconds(4));
  cluster.Return(1);
  cluster.Pass(absl::Seconds(5));
  EXPECT_GT(cluster.node(1).marker()->fence, before);
  EXPECT_EQ(cluster.coordinator(0).Status(1).state, NodeState::kUp);
}

TEST(RecoveryOverTime, ARestartedNodeFromADiskIsResynced) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.node(1).Save();
  cluster.Pass(absl::Minutes(5), absl::Seconds(1));
  cluster.Kill(1);
  cluster.node(1).RestoreSaved();
  cluster.Return(1);
  cluster.Pass(absl::Seconds(3));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(cluster.coordinator(0).Metric(Fences("b")), 1);
}

// Coordinators that come and go.

TEST(RecoveryOverTime, ACoordinatorThatSaidGoodbyeIsNotMissed) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(0).SayGoodbye();
  cluster.End(0);
  cluster.Pass(absl::Minutes(1));
  EXPECT_EQ(cluster.coordinator(1).Metric("kache_recovery_coordinators_vanished_total"), 0);
  EXPECT_THAT(cluster.node(0).hash(cluster.node(0).keys().Heartbeats()), SizeIs(1));
}

TEST(RecoveryOverTime, ACoordinatorThatLeftWithoutAWordIsMissedOnce) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.End(0);
  cluster.Pass(absl::Minutes(1));
  EXPECT_EQ(cluster.coordinator(1).Metric("kache_recovery_coordinators_vanished_total"), 1);
  for (size_t i = 0; i < 3; ++i) {
    const KeySpace& keys = cluster.node(i).keys();
    EXPECT_THAT(cluster.node(i).hash(keys.Heartbeats()), SizeIs(1));
    EXPECT_THAT(cluster.node(i).hash(keys.Coordinators()), SizeIs(1));
  }
}

TEST(RecoveryOverTime, ANodesClockThatIsSetBackKeepsNoDeadCoordinatorAlive) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.End(0);
  for (size_t i = 0; i < 3; ++i) cluster.node(i).SetClock(-absl::Seconds(4));
  cluster.Pass(absl::Seconds(20));
  EXPECT_EQ(cluster.coordinator(1).Metric("kache_recovery_coordinators_vanished_total"), 1);
}

TEST(RecoveryOverTime, ACoordinatorThatStoodStillAsksForASweep) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Freeze(0, true);
  cluster.Pass(absl::Seconds(9));
  EXPECT_THAT(cluster.node(0).hash(cluster.node(0).keys().Sweep()), SizeIs(1));  // "swept"
  cluster.Freeze(0, false);
  cluster.Pass(absl::Seconds(1));
  const double before = cluster.coordinator(0).Metric("kache_recovery_sweeps_total") +
                        cluster.coordinator(1).Metric("kache_recovery_sweeps_total");
  EXPECT_EQ(before, 0);  // not for a moment
  cluster.Freeze(0, true);
  cluster.Pass(absl::Seconds(30));
  cluster.Freeze(0, false);
  cluster.Pass(absl::Seconds(30));
  EXPECT_GE(cluster.coordinator(0).Metric("kache_recovery_sweeps_total") +
                cluster.coordinator(1).Metric("kache_recovery_sweeps_total"),
            3);
}

TEST(RecoveryOverTime, WhatACoordinatorLearnsOfOneNodeItTellsOfAll) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(absl::Seconds(5));
  cluster.Kill(1);
  cluster.Pass(absl::Seconds(5));
  const auto heartbeats = cluster.node(0).hash(cluster.node(0).keys().Heartbeats());
  ASSERT_THAT(heartbeats, SizeIs(1));
  const auto heartbeat = ParseHeartbeat(heartbeats.begin()->first, heartbeats.begin()->second);
  ASSERT_TRUE(heartbeat);
  ASSERT_THAT(heartbeat->reached, SizeIs(3));
  EXPECT_EQ(heartbeat->reached[0].run_id, ShortRunId(cluster.node(0).run_id()));
  EXPECT_EQ(heartbeat->reached[1].run_id, "");
  EXPECT_EQ(heartbeat->reached[2].run_id, ShortRunId(cluster.node(2).run_id()));
}

// A pod of Redis waits by it before it stops, in the same second maybe.
TEST(RecoveryOverTime, TheNodesThatAreNotWholeAreNamedAtOnce) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(absl::Seconds(5));
  cluster.Kill(1);
  cluster.coordinator(0).Deliver();  // all that it has noticed, before its next tick
  cluster.Pass(absl::Milliseconds(100));
  for (const size_t i : {0, 2}) {
    EXPECT_EQ(cluster.node(i).Get(cluster.node(i).keys().NotWhole()), "b");
  }
}

// Rings.

RecoveryConfig WithCopies(uint32_t replication_factor, const RingChange& accept) {
  RecoveryConfig config = Copies(replication_factor);
  config.accept_ring = accept;
  return config;
}

uint64_t RingOn(PlayedCluster& cluster, size_t node) { return cluster.node(node).marker()->ring; }

TEST(RecoveryOverTime, ARingIsTakenOverInANewGeneration) {
  PlayedCluster cluster(3, 1, Copies(2));
  cluster.Pass(kMoment);
  const uint64_t before = RingOn(cluster, 0);
  cluster.Replace(0, Copies(3));
  cluster.Pass(absl::Seconds(15));
  EXPECT_EQ(cluster.coordinator(0).Status(0).reason, "ring_mismatch");
  EXPECT_EQ(RingOn(cluster, 0), before);
  const uint64_t to = cluster.coordinator(0).fingerprint();
  cluster.Replace(0, WithCopies(3, {before, to}));
  cluster.Pass(absl::Seconds(30));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(GenerationOf(RingOn(cluster, 0), to), GenerationOf(RingOn(cluster, 2), to));
  EXPECT_GT(*GenerationOf(RingOn(cluster, 0), to), 0u);
}

// There and back; a node was away in between, and knows nothing of what was written meanwhile.
TEST(RecoveryOverTime, ANodeThatWasOutsideOfTheRingIsNotWholeWhenTheRingReturns) {
  PlayedCluster cluster(4, 1, Copies(2));
  cluster.Pass(kMoment);
  const uint64_t two_copies = RingOn(cluster, 0);
  cluster.Kill(3);
  cluster.Replace(0, Copies(3));
  const uint64_t to_three = cluster.coordinator(0).fingerprint();
  cluster.Replace(0, WithCopies(3, {two_copies, to_three}));
  cluster.Pass(absl::Seconds(15));
  cluster.coordinator(0).recovery().DeclareLost("d", [](absl::Status) {});
  cluster.Pass(absl::Seconds(15));
  const uint64_t three_copies = RingOn(cluster, 0);
  ASSERT_EQ(cluster.coordinator(0).Status(0).state, NodeState::kUp);
  cluster.Replace(0, WithCopies(2, {three_copies, two_copies}));
  cluster.Pass(absl::Seconds(30));
  ASSERT_EQ(cluster.coordinator(0).Status(0).state, NodeState::kUp);
  ASSERT_NE(RingOn(cluster, 0), two_copies);
  for (size_t i = 0; i < 3; ++i) {  // Nobody remembers that it was declared lost.
    cluster.node(i).SetHash(cluster.node(i).keys().Lost(), "d", "0");
  }
  cluster.Return(3);
  cluster.Pass(absl::Seconds(15));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_EQ(RingOn(cluster, 3), RingOn(cluster, 0));
  EXPECT_EQ(cluster.coordinator(0).Metric(Fences("d")), 1);
}

// Large clusters.

TEST(RecoveryOverTime, EveryNodeOfALargeClusterIsSweptWithinEachInterval) {
  constexpr int64_t kIntervalMs = 60'000;
  constexpr int64_t kNodes = 64;
  RecoveryConfig config;
  config.sweep_interval = absl::Milliseconds(kIntervalMs);
  PlayedCluster cluster(kNodes, 16, config);
  cluster.Pass(absl::Seconds(5));
  ASSERT_TRUE(cluster.AllUp());
  const auto swept = [&](size_t node) {
    return std::stoll(cluster.node(node).hash(cluster.node(node).keys().Sweep()).at("swept"));
  };
  for (int64_t i = 0; i < kNodes; ++i) {  // one after the other, as they come to be
    PlayedNode& node = cluster.node(static_cast<size_t>(i));
    const int64_t swept_ms = node.NowMs() - i * kIntervalMs / kNodes;
    node.SetHash(node.keys().Sweep(), "swept", std::to_string(swept_ms));
  }
  for (int i = 0; i < 13; ++i) {
    cluster.Pass(absl::Seconds(10), absl::Milliseconds(100));
    for (size_t node = 0; node < kNodes; ++node) {
      EXPECT_LE(cluster.node(node).NowMs() - swept(node), kIntervalMs) << "node " << node;
    }
  }
}

}  // namespace
}  // namespace kache
