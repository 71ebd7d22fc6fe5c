// What becomes of the copies that stand-ins took: over real redis-servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/replication/record.h"
#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using testing::RedisServer;

class StandInsTest : public ::testing::Test {
 protected:
  void Start(const CoordinatorCluster::Options& options = {}) {
    cluster_ = std::make_unique<CoordinatorCluster>(options);
  }
  static CoordinatorCluster::Options OneCopy() {
    CoordinatorCluster::Options options;
    options.replication.replication_factor = 1;
    return options;
  }
  // What the server holds of the key, past the record's header.
  std::string HeldBy(size_t server, const std::string& key) {
    const std::string bytes = cluster_->server(server).Run({"GET", "kache:d:" + key}).text;
    return bytes.size() < kRecordHeaderBytes ? "" : bytes.substr(kRecordHeaderBytes);
  }
  // A server beside the home replicas that holds the key.
  std::optional<size_t> StandInOf(const std::string& key) {
    const std::vector<size_t> homes = cluster_->HomesOf(key);
    for (size_t i = 0; i < cluster_->servers(); ++i) {
      const bool home = std::find(homes.begin(), homes.end(), i) != homes.end();
      if (!home && !HeldBy(i, key).empty()) return i;
    }
    return std::nullopt;
  }
  bool WaitUntilUp(size_t server) { return cluster_->WaitForState(server, NodeState::kUp); }
  double Metric(const std::string& name) {
    return testing::MetricValue(cluster_->registry(), name);
  }

  std::unique_ptr<CoordinatorCluster> cluster_;
};

TEST_F(StandInsTest, AStandInsCopiesAreRemovedOnceTheHomeServerIsBack) {
  Start();
  const std::string key = cluster_->KeyAt(0);
  cluster_->Hit(0, &RedisServer::Kill);
  ASSERT_TRUE(cluster_->Put(key, "v").ok());
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return StandInOf(key).has_value(); }));
  const size_t stand_in = *StandInOf(key);
  cluster_->server(0).Restart();
  ASSERT_TRUE(WaitUntilUp(0));
  EXPECT_EQ(HeldBy(0, key), "v");
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] { return HeldBy(stand_in, key).empty(); }));
}

// The home server alone knows what lives longer, and is away.
TEST_F(StandInsTest, AShorterLifeThatOnlyAStandInTookStillBeatsTheOldValue) {
  Start(OneCopy());
  const std::string key = cluster_->KeyAt(0);
  ASSERT_TRUE(cluster_->Put(key, "for ever").ok());
  cluster_->server(0).Run({"SAVE"});
  cluster_->Hit(0, &RedisServer::Kill);
  ASSERT_TRUE(cluster_->Put(key, "short", absl::Milliseconds(300)).ok());
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return !cluster_->Get(key)->found; }));
  cluster_->server(0).Restart();
  ASSERT_TRUE(WaitUntilUp(0));
  EXPECT_FALSE(cluster_->Get(key)->found);
  EXPECT_EQ(HeldBy(0, key), "short");
}

TEST_F(StandInsTest, AStandInsCopyEndsBeforeATombstoneOfItsTimeAndComesHomeForGood) {
  Start(OneCopy());
  const std::string key = cluster_->KeyAt(0);
  cluster_->Hit(0, &RedisServer::Kill);
  const int64_t before_ms = absl::ToUnixMillis(absl::Now());
  ASSERT_TRUE(cluster_->Put(key, "v").ok());
  const size_t stand_in = *StandInOf(key);
  EXPECT_NEAR(static_cast<double>(cluster_->EndOf(key, stand_in)),
              static_cast<double>(before_ms + 3'594'000), 2000);
  cluster_->server(0).Restart();
  ASSERT_TRUE(WaitUntilUp(0));
  EXPECT_EQ(HeldBy(0, key), "v");
  EXPECT_EQ(cluster_->EndOf(key, 0), -1);
  const std::string bytes = cluster_->server(0).Run({"GET", "kache:d:" + key}).text;
  EXPECT_FALSE(DecodeRecord(bytes).record.stand_in);
}

// With one copy nobody shares arcs, and no server waits for another one.
TEST_F(StandInsTest, WhatAStandInHeldThatWasAwayItselfIsBroughtOnceItIsBack) {
  Start(OneCopy());
  const std::string key = cluster_->KeyAt(0);
  ASSERT_TRUE(cluster_->Put(key, "old").ok());
  cluster_->server(0).Run({"SAVE"});
  cluster_->Hit(0, &RedisServer::Kill);
  ASSERT_TRUE(cluster_->Put(key, "new").ok());
  const size_t stand_in = *StandInOf(key);
  cluster_->server(stand_in).Freeze();
  ASSERT_TRUE(cluster_->WaitForState(stand_in, NodeState::kDown));
  cluster_->server(0).Restart();
  ASSERT_TRUE(WaitUntilUp(0));
  const std::string fences = "kache_recovery_fences_total{node=\"cache-0\"}";
  const double fences_before = Metric(fences);
  cluster_->server(stand_in).Thaw();
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    const auto get = cluster_->Get(key);
    return get.ok() && get->value == "new";
  }));
  // One resync, and the note of what was missed goes with it.
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    return cluster_->server(stand_in).Run({"EXISTS", "kache:m:missed"}).integer == 0;
  }));
  ASSERT_TRUE(WaitUntilUp(0));
  EXPECT_EQ(Metric(fences), fences_before + 1);
  EXPECT_EQ(HeldBy(0, key), "new");
}

// The resync takes those home that it knows of; a sweep finds what is left.
TEST_F(StandInsTest, AStandInsCopiesThatASweepRemovedAreCounted) {
  CoordinatorCluster::Options options;
  options.sweep_interval = absl::Seconds(1);
  Start(options);
  const std::string key = cluster_->KeyAt(0);
  ASSERT_TRUE(cluster_->Put(key, "v").ok());
  const std::vector<size_t> homes = cluster_->HomesOf(key);
  size_t other = 0;
  while (std::find(homes.begin(), homes.end(), other) != homes.end()) ++other;
  const std::string record = cluster_->server(0).Run({"GET", "kache:d:" + key}).text;
  cluster_->server(other).Run({"SET", "kache:d:" + key, record});
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric("kache_recovery_sweep_keys_removed_total") > 0; }));
  EXPECT_EQ(HeldBy(other, key), "");
  EXPECT_EQ(HeldBy(0, key), "v");
}

}  // namespace
}  // namespace kache
