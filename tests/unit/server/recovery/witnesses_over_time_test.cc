// Whose lack of a record proves a delete, and whose does not, while nodes and coordinators come and
// go in the middle of a resync: on three played nodes with records, and a fake clock.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "absl/functional/function_ref.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/redis/command.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using testing::PlayedCluster;

constexpr char kKey[] = "kache:d:k";  // after all fillers in SCAN's order
constexpr absl::Duration kTombstonesLive = absl::Minutes(4);
constexpr absl::Duration kMoment = absl::Seconds(20);
// For longer than a write may take, less than half a tombstone's life.
constexpr absl::Duration kWhile = absl::Seconds(70);
constexpr absl::Duration kLong = absl::Minutes(8);
// Of a resync with some fillers, at kKeysPerSecond.
constexpr absl::Duration kSlowResync = absl::Minutes(25);

// Each node is home to all keys.
class WitnessesOverTime : public ::testing::Test {
 protected:
  static constexpr size_t kNodes = 3;

  explicit WitnessesOverTime(uint32_t keys_per_second = 100'000)
      : cluster_(kNodes, 2, Config(keys_per_second)) {
    Pass(kMoment);
    EXPECT_TRUE(cluster_.AllUp());
  }
  static RecoveryConfig Config(uint32_t keys_per_second) {
    RecoveryConfig config;
    config.replication_factor = kNodes;
    config.tombstone_ttl = kTombstonesLive;
    config.max_write_age = absl::Minutes(1);
    config.max_clock_skew = absl::Seconds(5);
    config.resync_keys_per_second = keys_per_second;
    return config;
  }
  void Pass(absl::Duration duration) {
    cluster_.Pass(duration, duration > kMoment ? absl::Milliseconds(200) : Recovery::kTick);
  }
  // By the nodes that take the write; the others lack it.
  void Put(std::initializer_list<size_t> nodes) {
    Store(kKey, nodes, {NextVersion(), 0, false, "v"});
  }
  void Delete(std::initializer_list<size_t> nodes) {
    const int64_t ends_ms = NowMs() + absl::ToInt64Milliseconds(kTombstonesLive);
    Store(kKey, nodes, {NextVersion(), ends_ms, true, {}});
  }
  void PutFillers(int count) {
    for (int i = 0; i < count; ++i) {
      Store("kache:d:f" + std::to_string(i), {0, 1, 2}, {NextVersion(), 0, false, "v"});
    }
  }
  bool Holds(size_t node) { return cluster_.node(node).records().At(kKey, NowMs()).has_value(); }
  // The node's process stands still from now on, and the coordinators' writes pass it by.
  void Freeze(size_t node) {
    cluster_.Kill(node);
    for (size_t i = 0; i < cluster_.coordinators(); ++i) {
      if (!cluster_.is_gone(i)) cluster_.coordinator(i).Miss(node);
    }
  }
  // The first node loses its memory. The second one slept through `meanwhile`, the third one saw it
  // and slept for long later.
  void LoseOneMemoryWhileTheOthersSlept(absl::FunctionRef<void()> meanwhile) {
    Put({0, 1, 2});
    Pass(kWhile);
    Freeze(1);
    meanwhile();
    Pass(kWhile);
    Freeze(2);
    Pass(kLong);
    cluster().Kill(0);
    cluster().node(0).LoseMemory();
    cluster().Return(1);
    cluster().Return(2);
    cluster().Return(0);
    Pass(2 * kMoment);
  }
  // Hints about a node are missing on that one.
  void LoseHints(size_t holder, const char* about) {
    testing::PlayedNode& node = cluster_.node(holder);
    node.Run(redis::Command::Call(MarkOverflow(), {node.keys().Hints(about)}, {}));
  }
  void ExpectOnAll(bool held) {
    EXPECT_TRUE(cluster_.AllUp());
    for (size_t i = 0; i < kNodes; ++i) EXPECT_EQ(Holds(i), held) << "node " << i;
  }
  PlayedCluster& cluster() { return cluster_; }

 private:
  int64_t NowMs() { return absl::ToUnixMillis(cluster_.clock().Now()); }
  Version NextVersion() { return {static_cast<uint64_t>(NowMs()) << 16, ++writes_}; }
  void Store(const std::string& key, std::initializer_list<size_t> nodes, const Record& record) {
    for (const size_t node : nodes) {
      cluster_.node(node).records().Apply(key, EncodeRecord(record), record.expires_at_ms, NowMs());
    }
  }

  PlayedCluster cluster_;
  uint64_t writes_ = 0;
};

TEST_F(WitnessesOverTime, ALongAbsentNodeBringsAnEmptyOneNothingThatAnotherHadSeenDeleted) {
  LoseOneMemoryWhileTheOthersSlept([this] { Delete({0, 2}); });
  ExpectOnAll(false);
}

TEST_F(WitnessesOverTime, ALongAbsentNodeBringsAnEmptyOneWhatNobodyHadSeenDeleted) {
  LoseOneMemoryWhileTheOthersSlept([] {});
  ExpectOnAll(true);
}

// A clock that ran ahead ended lives on its node that are not over.
TEST_F(WitnessesOverTime, WhatAWrongClockEndedWasNotDeleted) {
  Put({0, 1, 2});
  Pass(kWhile);
  cluster().node(0).SetClock(absl::Hours(2));
  cluster().node(0).records().Forget(kKey);
  Pass(kMoment);
  ASSERT_EQ(cluster().coordinator(0).Status(0).reason, "clock_skew");
  Freeze(1);
  Freeze(2);
  cluster().node(0).SetClock(absl::ZeroDuration());
  Pass(kLong);
  cluster().Return(1);
  cluster().Return(2);
  Pass(kLong);
  ExpectOnAll(true);
}

// SWAPDB, and back again hours later: the memory of before returns, with its marker.
TEST_F(WitnessesOverTime, AMemoryThatReturnsSleptMeanwhile) {
  Put({0, 1, 2});
  Pass(kWhile);
  cluster().node(1).SwapDatabases();
  Pass(kMoment);
  ASSERT_TRUE(cluster().AllUp());
  ASSERT_TRUE(Holds(1));
  Delete({0, 1, 2});
  Pass(kLong);
  cluster().node(1).SwapDatabases();
  ASSERT_TRUE(Holds(1));
  Pass(2 * kMoment);
  ExpectOnAll(false);
}

// Resyncs that take longer than tombstones live.
class SlowResyncs : public WitnessesOverTime {
 protected:
  SlowResyncs() : WitnessesOverTime(/*keys_per_second=*/2) {}
};

// It had all that was written when the plan was made, but not what came later.
TEST_F(SlowResyncs, AWitnessKnewNothingOfWhatCameAfterThePlan) {
  cluster().End(1);
  PutFillers(500);
  Pass(kWhile);
  Freeze(0);
  Freeze(1);
  Pass(kLong);
  cluster().Return(0);
  cluster().Return(1);
  Pass(kMoment);
  ASSERT_FALSE(cluster().node(0).marker()->whole);  // its resync has begun
  Put({0, 1});
  cluster().coordinator(0).Miss(2);
  Pass(2 * kSlowResync);
  ExpectOnAll(true);
}

// A short absence, and no tombstone is left when its resync comes to the key.
TEST_F(SlowResyncs, WhatWasDeletedDuringAShortAbsenceStaysDeleted) {
  Put({0, 1, 2});
  PutFillers(1800);
  Pass(kWhile);
  Freeze(0);
  Delete({1, 2});
  LoseHints(1, "a");  // else it would be brought the tombstone at once
  Pass(kWhile);
  cluster().Return(0);
  Pass(2 * kSlowResync);
  ExpectOnAll(false);
}

// Another coordinator has finished its resync since, and one of the sources has slept.
TEST_F(SlowResyncs, ACoordinatorThatStoodStillGoesOnWithNone) {
  Put({0, 1, 2});
  PutFillers(500);
  Pass(kWhile);
  cluster().coordinator(0).Miss(0);
  while (cluster().node(0).Get(cluster().node(0).keys().ResyncLease()).empty()) {
    cluster().Pass(Recovery::kTick);
  }
  const size_t begun_by = cluster().node(0).Get(cluster().node(0).keys().ResyncLease()) ==
                                  CoordinatorText(cluster().coordinator(0).id())
                              ? 0
                              : 1;
  const size_t other = 1 - begun_by;
  cluster().Pass(absl::Seconds(1));
  cluster().Freeze(begun_by, true);
  Pass(kSlowResync);
  ASSERT_TRUE(cluster().node(0).marker()->whole);
  cluster().Cut(other, 1);
  cluster().coordinator(other).Miss(1);
  Delete({0, 2});
  Pass(kLong);
  cluster().Freeze(begun_by, false);
  cluster().Pass(absl::Seconds(5));
  EXPECT_FALSE(Holds(0));
  cluster().Mend(other, 1);
  Pass(2 * kSlowResync);
  ExpectOnAll(false);
}

// Some program empties its own database in the same process all the time.
TEST_F(SlowResyncs, AnotherDatabaseThatIsEmptiedIsNoLoss) {
  Put({0, 1, 2});
  PutFillers(500);
  Pass(kWhile);
  Freeze(0);
  Pass(kLong);
  cluster().Return(0);
  for (absl::Duration passed; passed < kSlowResync; passed += absl::Seconds(10)) {
    cluster().node(1).FlushAnother();
    Pass(absl::Seconds(10));
  }
  ExpectOnAll(true);
}

}  // namespace
}  // namespace kache
