// One bad node costs no request: the coordinator over real redis-servers that die, freeze and
// refuse, under load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using testing::MetricValue;
using testing::RedisServer;

// Writes and reads back, from several threads, until destroyed.
class Load {
 public:
  explicit Load(CoordinatorCluster& cluster) : cluster_(cluster) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this, i] { Run(std::to_string(i)); });
  }
  ~Load() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  size_t rounds() const { return rounds_; }
  // Until so many more rounds are through.
  [[nodiscard]] bool WaitForRounds(size_t more) {
    const size_t wanted = rounds_ + more;
    return CoordinatorCluster::Eventually([&] { return rounds_ >= wanted; });
  }

 private:
  void Run(const std::string& name) {
    for (int i = 0; !stop_; ++i) {
      const std::string key = name + "-" + std::to_string(i % 100);
      const std::string value = std::to_string(i);
      const auto put = cluster_.Put(key, value);
      EXPECT_TRUE(put.ok()) << put.status();
      const auto get = cluster_.Get(key);
      EXPECT_TRUE(get.ok()) << get.status();
      if (get.ok()) {
        EXPECT_EQ(get->value, value) << "a write that was acknowledged is not read";
      }
      ++rounds_;
    }
  }

  CoordinatorCluster& cluster_;
  std::atomic<bool> stop_{false};
  std::atomic<size_t> rounds_{0};
  std::vector<std::thread> threads_;
};

TEST(CoordinatorFailures, AKilledServerCostsNoRequest) {
  CoordinatorCluster cluster;
  Load load(cluster);
  ASSERT_TRUE(load.WaitForRounds(200));
  cluster.server(1).Kill();
  ASSERT_TRUE(cluster.WaitForState(1, NodeState::kDown));
  ASSERT_TRUE(load.WaitForRounds(200));
  load.Stop();
  EXPECT_GT(MetricValue(cluster.registry(), "kache_writes_to_stand_in_total"), 0);
}

TEST(CoordinatorFailures, AKilledServerIsUsedAgainOnceItIsBack) {
  CoordinatorCluster cluster(CoordinatorCluster::Patient());
  const std::string key = cluster.KeyAt(1);
  cluster.server(1).Kill();
  ASSERT_TRUE(cluster.WaitForState(1, NodeState::kDown));
  const auto degraded = cluster.Put(key, "1");
  ASSERT_TRUE(degraded.ok());
  EXPECT_TRUE(degraded->degraded);
  cluster.server(1).Restart();
  ASSERT_TRUE(cluster.WaitForState(1, NodeState::kUp));
  const auto put = cluster.Put(key, "2");
  EXPECT_FALSE(put->degraded);
  EXPECT_EQ(cluster.Get(key)->receipt.node, NodeId(1));
}

TEST(CoordinatorFailures, AFrozenServerCostsNoRequest) {
  CoordinatorCluster cluster;
  Load load(cluster);
  ASSERT_TRUE(load.WaitForRounds(200));
  cluster.server(2).Freeze();
  // Later it is one that can't be connected to.
  EXPECT_TRUE(
      CoordinatorCluster::Eventually([&] { return cluster.Status(2).reason == "unresponsive"; }));
  EXPECT_EQ(cluster.Status(2).state, NodeState::kDown);
  ASSERT_TRUE(load.WaitForRounds(400));
  load.Stop();
  EXPECT_GT(MetricValue(cluster.registry(), "kache_writes_late_total"), 0);
  cluster.server(2).Thaw();
  EXPECT_TRUE(cluster.WaitForState(2, NodeState::kUp));
}

TEST(CoordinatorFailures, AServerWithoutMemoryIsLeftAloneAndUsedAgain) {
  CoordinatorCluster cluster(CoordinatorCluster::Patient());
  const std::string key = cluster.KeyAt(0);
  cluster.server(0).Run({"CONFIG", "SET", "maxmemory", "1"});
  const auto refused = cluster.Put(key, "v");
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_TRUE(refused->degraded);
  EXPECT_EQ(cluster.Status(0).state, NodeState::kSyncing);
  EXPECT_EQ(cluster.Status(0).reason, "oom");
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  const auto location = cluster.Locate(key);
  EXPECT_EQ(location->replicas[0].kind, ReplicaContent::Kind::kNone);
  EXPECT_EQ(location->replicas[3].kind, ReplicaContent::Kind::kValue);  // the stand-in
  EXPECT_EQ(cluster.Get(key)->value, "v");

  cluster.server(0).Run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    EXPECT_TRUE(cluster.Put(key, "w").ok());
    return cluster.Status(0).state == NodeState::kUp;
  }));
  EXPECT_EQ(cluster.Get(key)->value, "w");
}

TEST(CoordinatorFailures, DrainWaitsForReplicasInTheBackground) {
  CoordinatorCluster::Options options;
  options.replication.write_timeout = absl::Seconds(20);
  CoordinatorCluster cluster(options);
  const std::string key = cluster.KeyAt(0);
  RedisServer& last = cluster.server(cluster.HomesOf(key)[2]);
  EXPECT_TRUE(cluster.coordinator().Drain(absl::ZeroDuration()));
  last.Freeze();
  ASSERT_TRUE(cluster.Put(key, "v").ok());
  EXPECT_FALSE(cluster.coordinator().Drain(absl::Milliseconds(20)));
  last.Thaw();
  EXPECT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
}

TEST(CoordinatorFailures, DestructionAnswersWhatStillRuns) {
  constexpr int kOperations = 3000;
  for (const bool frozen : {false, true}) {
    CoordinatorCluster cluster;
    const std::string value(1000, 'v');
    const std::string key = cluster.KeyAt(3);
    if (frozen) cluster.server(3).Freeze();
    std::atomic<int> answers{0};
    for (int i = 0; i < kOperations; ++i) {
      const auto count = [&answers](const auto&) { ++answers; };
      const MonotonicTime deadline = CoordinatorCluster::Deadline();
      switch (i % 4) {
        case 0:
          cluster.coordinator().Put(key, value, {}, deadline, count);
          break;
        case 1:
          cluster.coordinator().Get(key, {}, deadline, count);
          break;
        case 2:
          cluster.coordinator().Delete(key, {}, deadline, count);
          break;
        default:
          cluster.coordinator().Locate(key, deadline, count);
      }
    }
    cluster.DestroyCoordinator();
    EXPECT_EQ(answers, kOperations);
  }
}

}  // namespace
}  // namespace kache
