// What was deleted stays deleted, after its tombstone has ended, and nothing else is removed: on
// played nodes with records, and a fake clock.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "server/replication/record.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::PlayedCluster;

constexpr char kKey[] = "kache:d:k";
constexpr absl::Duration kTombstonesLive = absl::Minutes(4);
constexpr absl::Duration kWritesArriveWithin = absl::Minutes(1);
constexpr absl::Duration kClocksDiffer = absl::Seconds(5);

constexpr absl::Duration kMoment = absl::Seconds(20);
// For longer than a write may take, less than half a tombstone's life.
constexpr absl::Duration kWhile = absl::Seconds(70);
constexpr absl::Duration kLong = absl::Minutes(8);

// Two nodes, each home to all keys.
class DeletesOverTime : public ::testing::Test {
 protected:
  DeletesOverTime() : cluster_(2, 2, Config()) {
    Pass(kMoment);
    EXPECT_TRUE(cluster_.AllUp());
  }
  static RecoveryConfig Config() {
    RecoveryConfig config;
    config.replication_factor = 2;
    config.tombstone_ttl = kTombstonesLive;
    config.max_write_age = kWritesArriveWithin;
    config.max_clock_skew = kClocksDiffer;
    return config;
  }
  void Pass(absl::Duration duration) {
    cluster_.Pass(duration, duration > kMoment ? absl::Milliseconds(200) : Recovery::kTick);
  }
  // By the nodes that take the write; the others lack it.
  void Put(std::initializer_list<size_t> nodes) { Store(nodes, {NextVersion(), 0, false, "v"}); }
  void Delete(std::initializer_list<size_t> nodes) {
    const int64_t ends_ms = NowMs() + absl::ToInt64Milliseconds(kTombstonesLive);
    Store(nodes, {NextVersion(), ends_ms, true, {}});
  }
  bool Holds(size_t node) { return cluster_.node(node).records().At(kKey, NowMs()).has_value(); }
  // A process that is loaded from what was saved.
  void RestartFromSaved(size_t node) {
    cluster_.Kill(node);
    cluster_.node(node).RestoreSaved();
    cluster_.Return(node);
  }
  // The node's process stands still from now on, and the coordinators' writes pass it by.
  void Freeze(size_t node) {
    cluster_.Kill(node);
    for (size_t i = 0; i < 2; ++i) cluster_.coordinator(i).Miss(node);
  }
  PlayedCluster& cluster() { return cluster_; }

 private:
  int64_t NowMs() { return cluster_.node(0).NowMs(); }
  Version NextVersion() { return {static_cast<uint64_t>(NowMs()) << 16, ++writes_}; }
  void Store(std::initializer_list<size_t> nodes, const Record& record) {
    for (const size_t node : nodes) {
      cluster_.node(node).records().Apply(kKey, EncodeRecord(record), record.expires_at_ms,
                                          NowMs());
    }
  }

  PlayedCluster cluster_;
  uint64_t writes_ = 0;
};

TEST_F(DeletesOverTime, ASnapshotBringsBackNothingThatANodeLacksWhichWasThere) {
  Put({0, 1});
  Pass(kMoment);
  cluster().node(1).Save();
  Delete({0, 1});
  Pass(kLong);
  RestartFromSaved(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_FALSE(Holds(0));
  EXPECT_FALSE(Holds(1));
}

// Between the last heartbeat in the snapshot and its end.
TEST_F(DeletesOverTime, ASnapshotBringsBackNothingThatWasWrittenAfterItsLastHeartbeat) {
  cluster().clock().Advance(absl::Seconds(1));
  Put({0, 1});
  cluster().node(1).Save();
  Delete({0, 1});
  Pass(kLong);
  RestartFromSaved(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_FALSE(Holds(0));
  EXPECT_FALSE(Holds(1));
}

// The only other home replica stood still for longer than a tombstone lives, but kept its memory:
// when the delete came it was there.
TEST_F(DeletesOverTime, ASnapshotBringsBackNothingThatALongAbsentNodeHadSeenDeleted) {
  Put({0, 1});
  Pass(kMoment);
  cluster().node(1).Save();
  Pass(kWhile);
  Delete({0, 1});
  Pass(kMoment);
  Freeze(0);
  Pass(kLong);
  cluster().Kill(1);
  cluster().Return(0);
  Pass(kMoment);
  RestartFromSaved(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_FALSE(Holds(0));
  EXPECT_FALSE(Holds(1));
}

// The other home replica was resynced after the snapshot was made, from this node.
TEST_F(DeletesOverTime, ASnapshotBringsBackNothingThatAResyncedNodeLacks) {
  Put({0, 1});
  Pass(kMoment);
  cluster().node(1).Save();
  Pass(kWhile);
  cluster().RestartEmpty(0);
  Pass(kMoment);
  ASSERT_TRUE(cluster().AllUp());
  ASSERT_TRUE(Holds(0));
  Delete({0, 1});
  Pass(kLong);
  RestartFromSaved(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_FALSE(Holds(0));
  EXPECT_FALSE(Holds(1));
}

// As above; and it is away for long itself when the snapshot is loaded.
TEST_F(DeletesOverTime, ASnapshotBringsBackNothingThatAResyncedNodeLacksWhichWasAwaySince) {
  Put({0, 1});
  Pass(kMoment);
  cluster().node(1).Save();
  Pass(kWhile);
  cluster().RestartEmpty(0);
  Pass(kMoment);
  Delete({0, 1});
  Pass(kLong);
  Freeze(0);
  Pass(kMoment);
  RestartFromSaved(1);
  Pass(kLong);
  cluster().Return(0);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_FALSE(Holds(0));
  EXPECT_FALSE(Holds(1));
}

// What is not to be removed.

TEST_F(DeletesOverTime, NodesThatWereAwayForLongKeepWhatBothHold) {
  Put({0, 1});
  Pass(kWhile);
  Freeze(0);
  Pass(kLong);
  Freeze(1);
  Pass(kLong);
  cluster().Return(0);
  cluster().Return(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_TRUE(Holds(0));
  EXPECT_TRUE(Holds(1));
}

TEST_F(DeletesOverTime, WhatWasWrittenWhileTheOtherWasAwayIsKept) {
  Pass(kWhile);
  Freeze(0);
  Pass(kMoment);
  Put({1});
  Pass(kWhile);
  cluster().node(1).Save();
  Pass(kLong);
  RestartFromSaved(1);
  Pass(kMoment);
  cluster().Return(0);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_TRUE(Holds(0));
  EXPECT_TRUE(Holds(1));
}

TEST_F(DeletesOverTime, SnapshotsOfAllNodesAreMerged) {
  Put({0});
  Pass(kMoment);
  cluster().node(0).Save();
  cluster().node(1).Save();
  Pass(kLong);
  for (const size_t node : {0, 1}) {
    cluster().Kill(node);
    cluster().node(node).RestoreSaved();
  }
  for (const size_t node : {0, 1}) cluster().Return(node);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_TRUE(Holds(0));
  EXPECT_TRUE(Holds(1));
}

// The other became whole without having been told what this one holds.
TEST_F(DeletesOverTime, ANodeThatWasDeclaredLostKeepsWhatOnlyItHolds) {
  Put({0, 1});
  Pass(kWhile);
  Freeze(1);
  cluster().RestartEmpty(0);
  Pass(kMoment);
  cluster().coordinator(0).recovery().DeclareLost("b", [](absl::Status) {});
  Pass(kMoment);
  ASSERT_TRUE(cluster().node(0).marker()->whole);
  ASSERT_FALSE(Holds(0));
  Pass(kLong);
  cluster().Return(1);
  Pass(kMoment);
  EXPECT_TRUE(cluster().AllUp());
  EXPECT_TRUE(Holds(1));
}

// So many ticks of the recovery after a node has returned, in the middle of its resync, the other
// one loses its memory: what it lacks then was not deleted.
class ALossDuringAResync : public DeletesOverTime, public ::testing::WithParamInterface<int> {
 protected:
  void PlayUntilTheLoss() {
    Put({0, 1});
    Pass(kWhile);
    Freeze(0);
    Pass(kLong);
    cluster().Return(0);
    Pass(GetParam() * Recovery::kTick);
  }
  void ExpectKept() {
    Pass(2 * kMoment);
    EXPECT_TRUE(cluster().AllUp());
    EXPECT_TRUE(Holds(0));
    EXPECT_TRUE(Holds(1));
  }
};

TEST_P(ALossDuringAResync, ByARestartIsNoDelete) {
  PlayUntilTheLoss();
  cluster().RestartEmpty(1);
  ExpectKept();
}

TEST_P(ALossDuringAResync, ByFlushAllIsNoDelete) {
  PlayUntilTheLoss();
  cluster().node(1).FlushAll();
  ExpectKept();
}

INSTANTIATE_TEST_SUITE_P(EachTick, ALossDuringAResync, ::testing::Range(0, 24));

}  // namespace
}  // namespace kache
