// What recoveries do over time where Redis evicts their bookkeeping, on played nodes and a fake
// clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "server/replication/record.h"
#include "server/replication/touch.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;

constexpr absl::Duration kMoment = absl::Seconds(2);

std::string Fences(const char* node) {
  return std::string("kache_recovery_fences_total{node=\"") + node + "\"}";
}

std::string Restored(const char* node) {
  return std::string("kache_recovery_markers_restored_total{node=\"") + node + "\"}";
}

TEST(EvictionOverTime, AnEvictedMarkerIsWrittenAgainAndNothingIsResynced) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const std::optional<Marker> before = cluster.node(1).marker();
  for (int i = 0; i < 20; ++i) {
    cluster.node(1).Evict(cluster.node(1).keys().Marker());
    for (int j = 0; j < 40; ++j) {
      cluster.Pass(absl::Milliseconds(100));
      EXPECT_TRUE(cluster.AllUp());
    }
    ASSERT_TRUE(cluster.node(1).marker().has_value());
    EXPECT_EQ(cluster.node(1).marker()->fence, before->fence);
  }
  EXPECT_EQ(
      cluster.coordinator(0).Metric(Restored("b")) + cluster.coordinator(1).Metric(Restored("b")),
      20);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(cluster.coordinator(i).Metric(Fences("b")), 0);
    EXPECT_EQ(cluster.coordinator(i).Metric("kache_recovery_data_losses_total"), 0);
  }
}

TEST(EvictionOverTime, TheMarkersOfAllNodesMayBeEvictedAtOnce) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  for (size_t i = 0; i < 3; ++i) cluster.node(i).Evict(cluster.node(i).keys().Marker());
  cluster.Pass(absl::Seconds(4));
  EXPECT_TRUE(cluster.AllUp());
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(cluster.node(i).marker()->whole);
  EXPECT_EQ(cluster.coordinator(0).Metric("kache_recovery_data_losses_total"), 0);
}

TEST(EvictionOverTime, AFlushOfANodeThatEvictsIsALossOfMemory) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.node(1).Evict("kache:d:any");
  cluster.Pass(absl::Seconds(4));
  cluster.node(1).FlushAll();
  cluster.node(1).Evict("kache:d:any");
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GE(cluster.coordinator(0).Metric(Fences("b")) + cluster.coordinator(1).Metric(Fences("b")),
            1);
  EXPECT_EQ(
      cluster.coordinator(0).Metric(Restored("b")) + cluster.coordinator(1).Metric(Restored("b")),
      0);
}

// Coordinator 0 saw the marker last before the fence, and writes that again.
TEST(EvictionOverTime, AFenceThatWasEvictedIsRaisedAgain) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Freeze(0, true);
  cluster.coordinator(0).HoldWrites(true);  // It never drains: the resync can't end.
  cluster.coordinator(1).Miss(1);
  cluster.Pass(absl::Seconds(1));
  ASSERT_FALSE(cluster.node(1).marker()->whole);
  cluster.node(1).Evict(cluster.node(1).keys().Marker());
  cluster.Freeze(1, true);
  cluster.Freeze(0, false);
  cluster.Pass(absl::Seconds(4));
  ASSERT_TRUE(cluster.node(1).marker().has_value());
  EXPECT_NE(cluster.coordinator(0).Status(1).state, NodeState::kUp);  // by the other's note
  cluster.Freeze(1, false);
  cluster.Pass(absl::Seconds(4));
  EXPECT_FALSE(cluster.node(1).marker()->whole);
  EXPECT_FALSE(cluster.AllUp());
  cluster.coordinator(0).HoldWrites(false);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_THAT(cluster.node(0).hash(cluster.node(0).keys().Missed()), IsEmpty());
}

TEST(EvictionOverTime, TheBookkeepingOfNodesThatEvictIsTouched) {
  PlayedCluster cluster(3, 1);
  cluster.Pass(kMoment);
  cluster.node(1).Evict("kache:d:any");
  cluster.Pass(absl::Seconds(4));
  const size_t touches = cluster.node(1).touches();
  cluster.Pass(absl::Seconds(30));
  EXPECT_GE(cluster.node(1).touches() - touches, 40u);
  EXPECT_LE(cluster.node(1).touches() - touches, 60u);
  EXPECT_EQ(cluster.node(0).touches(), 0u);
}

// Three nodes, each home to every key; node 1 misses a write that the others evict afterwards.
class EvictedReplacement : public ::testing::Test {
 protected:
  static constexpr char kKey[] = "kache:d:k";

  EvictedReplacement() : cluster_(3, 2, Config()) { cluster_.Pass(kMoment); }
  static RecoveryConfig Config() {
    RecoveryConfig config;
    config.tombstone_ttl = absl::Minutes(2);
    config.max_write_age = absl::Seconds(10);
    config.max_clock_skew = absl::Seconds(5);
    return config;
  }
  void Write(const char* value) {
    cluster_.coordinator(0).Write({"k", value});
    cluster_.Pass(kMoment);
  }
  void Evict(size_t node) { cluster_.node(node).records().Forget(kKey); }
  void ComeBack() {
    cluster_.Return(1);
    cluster_.Pass(absl::Seconds(5));
    EXPECT_TRUE(cluster_.AllUp());
    EXPECT_EQ(cluster_.node(1).scans(), 0u) << "it was compared with all others";
  }
  static uint64_t TimestampAt(int64_t ms) { return static_cast<uint64_t>(ms) << 16; }
  // Of node 1.
  std::string Value() {
    const auto held = cluster_.node(1).Record("k");
    return held ? std::string(DecodeRecord(held->bytes).record.value) : "";
  }

  PlayedCluster cluster_;
};

TEST_F(EvictedReplacement, WhatItReplacedIsRemoved) {
  Write("replaced");
  cluster_.Pass(absl::Seconds(30));  // for longer than a write may be on its way
  cluster_.Kill(1);
  cluster_.Pass(kMoment);
  Write("evicted");
  Evict(0);
  Evict(2);
  ComeBack();
  EXPECT_EQ(Value(), "");
}

TEST_F(EvictedReplacement, WhatAnotherHomeReplicaHoldsIsBrought) {
  Write("replaced");
  cluster_.Pass(absl::Seconds(30));
  cluster_.Kill(1);
  cluster_.Pass(kMoment);
  Write("kept");
  Evict(0);
  ComeBack();
  EXPECT_EQ(Value(), "kept");
}

// It may be newer than the write that the hint is of.
TEST_F(EvictedReplacement, WhatMayBeNewerThanTheMissedWriteStays) {
  Write("young");
  cluster_.Kill(1);
  cluster_.Pass(kMoment);
  Write("evicted");
  Evict(0);
  Evict(2);
  ComeBack();
  EXPECT_EQ(Value(), "young");
}

// The hint may be of an earlier touch, which what the node holds has in it.
TEST_F(EvictedReplacement, WhatWasTouchedLaterThanTheMissedWriteMayBeStays) {
  Write("touched");
  cluster_.Pass(absl::Seconds(30));
  const std::string bytes = cluster_.node(1).Record("k")->bytes;
  Record record = DecodeRecord(bytes).record;
  record.version = VersionOfTouch(record, TimestampAt(cluster_.node(1).NowMs()), 0);
  record.touched = true;
  cluster_.node(1).records().Hold(kKey, EncodeRecord(record));
  cluster_.Kill(1);
  cluster_.Pass(kMoment);
  Write("evicted");
  Evict(0);
  Evict(2);
  ComeBack();
  EXPECT_EQ(Value(), "touched");
}

}  // namespace
}  // namespace kache
