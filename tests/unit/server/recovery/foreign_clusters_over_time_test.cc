// A node that another cluster uses, on played nodes and a fake clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;
using ::testing::SizeIs;

constexpr uint64_t kTheirCoordinator = 0xBEEF0000;

// Of three nodes, two of which are home to each key, the third is found to be another cluster's,
// where it has the name `theirs`.
class ForeignClustersOverTime : public ::testing::Test {
 protected:
  ForeignClustersOverTime() : cluster_(3, 2, Config()) { cluster_.Pass(absl::Seconds(2)); }
  static RecoveryConfig Config() {
    RecoveryConfig config;
    config.replication_factor = 2;
    return config;
  }
  void BecomesTheirs(const std::string& theirs) {
    cluster_.Kill(2);
    node().LoseMemory();
    node().SetMarker("kache1 whole 00000000000000ff " + node().run_id() + " " + theirs +
                     " 5 1 0 arcs");
    cluster_.Return(2);
  }
  // A second, in which a coordinator of theirs lives.
  void PassBesideThem() {
    node().SetHash(keys().Coordinators(), CoordinatorText(kTheirCoordinator),
                   std::to_string(node().NowMs()) + " 3000 0");
    cluster_.Pass(absl::Seconds(1));
  }
  PlayedNode& node() { return cluster_.node(2); }
  const KeySpace& keys() { return node().keys(); }

  PlayedCluster cluster_;
};

TEST_F(ForeignClustersOverTime, TheirNodeIsLeftAlone) {
  BecomesTheirs("their-cache");
  for (int i = 0; i < 30; ++i) {
    PassBesideThem();
    for (int key = 0; i == 5 && key < 8; ++key) {  // Some are at home there.
      cluster_.coordinator(0).Write({"k" + std::to_string(key), "v"});
    }
    if (i == 7) cluster_.RestartEmpty(1);  // What stands in demands a sweep after its resync.
    if (i == 15) cluster_.Replace(1);      // A coordinator is gone.
    if (i == 27) {
      cluster_.Kill(1);
      cluster_.coordinator(0).recovery().DeclareLost("b", [](absl::Status) {});
      cluster_.Return(1);
    }
  }
  EXPECT_EQ(cluster_.coordinator(0).Status(2).state, NodeState::kDown);
  EXPECT_EQ(cluster_.coordinator(0).Status(2).reason, "foreign_cluster");
  EXPECT_EQ(cluster_.coordinator(0).Status(0).state, NodeState::kUp);
  EXPECT_EQ(node().marker()->name, "their-cache");
  EXPECT_THAT(node().hash(keys().Heartbeats()), IsEmpty());
  EXPECT_THAT(node().hash(keys().Coordinators()), SizeIs(1));
  // Nor is anything written there for what happens elsewhere.
  for (const std::string& hash :
       {keys().Missed(), keys().Sweep(), keys().Lost(), keys().Members()}) {
    EXPECT_THAT(node().hash(hash), IsEmpty()) << hash;
  }
  // They leave it.
  cluster_.Pass(absl::Seconds(30));
  EXPECT_TRUE(cluster_.AllUp());
}

// Their nodes have the same names as ours, and one of them lacks writes, and one is lost.
TEST_F(ForeignClustersOverTime, WhatTheyNoteOfTheirNodesStaysAndConcernsNoneOfOurs) {
  BecomesTheirs("a");
  node().SetHash(keys().Missed(), MissedField("a", kTheirCoordinator), "1 1000");
  node().SetHash(keys().Lost(), "b", "1");
  for (int i = 0; i < 30; ++i) PassBesideThem();
  EXPECT_EQ(cluster_.coordinator(0).Status(2).reason, "foreign_cluster");
  for (const char* name : {"a", "b"}) {
    const std::string fences = std::string("kache_recovery_fences_total{node=\"") + name + "\"}";
    for (const size_t coordinator : {0, 1}) {
      EXPECT_EQ(cluster_.coordinator(coordinator).Metric(fences), 0) << name;
    }
  }
  EXPECT_THAT(node().hash(keys().Missed()), SizeIs(1));
  EXPECT_THAT(node().hash(keys().Lost()), SizeIs(1));
}

}  // namespace
}  // namespace kache
