// What becomes of the data when several servers go, over real redis-servers; and what is said about
// it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using testing::RedisServer;

constexpr int kKeys = 300;

std::string Key(int i) { return "key-" + std::to_string(i); }

class LossesTest : public ::testing::Test {
 protected:
  void PutAll() {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(cluster_.Put(Key(i), "v", absl::ZeroDuration(), Consistency::kAll).ok()) << i;
    }
  }
  bool Holds(size_t server, const std::string& key) {
    return cluster_.server(server).Run({"EXISTS", "kache:d:" + key}).integer == 1;
  }
  void ExpectHeldByAllHomes() {
    for (int i = 0; i < kKeys; ++i) {
      for (const size_t server : cluster_.HomesOf(Key(i))) {
        EXPECT_TRUE(Holds(server, Key(i))) << Key(i) << " on " << server;
      }
    }
  }
  bool WaitUntilUp(size_t server) { return cluster_.WaitForState(server, NodeState::kUp); }
  double Metric(const std::string& name) { return testing::MetricValue(cluster_.registry(), name); }

  CoordinatorCluster cluster_;
};

// What the others hold is not left in one copy until the one that is away comes back.
TEST_F(LossesTest, BringsWhatItCanWhileItWaitsForAServerThatIsAway) {
  PutAll();
  const std::string done = "kache_recovery_resyncs_total{node=\"cache-0\",result=\"done\"}";
  const double done_before = Metric(done);  // by a first start that it joined late
  cluster_.Hit(3, &RedisServer::Kill);
  cluster_.server(0).Restart();
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return cluster_.WaitingFor(0) == "node cache-3"; }));
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    for (int i = 0; i < kKeys; ++i) {
      const std::vector<size_t> homes = cluster_.HomesOf(Key(i));
      const bool is_home = std::find(homes.begin(), homes.end(), 0) != homes.end();
      if (is_home && !Holds(0, Key(i))) return false;
    }
    return true;
  }));
  EXPECT_EQ(cluster_.Status(0).state, NodeState::kSyncing);
  EXPECT_EQ(Metric(done), done_before);
  // It is not brought over and over again.
  const auto leased = [&] {
    return cluster_.server(0).Run({"EXISTS", "kache:m:resync-lease"}).integer == 1;
  };
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return !leased(); }));
  const absl::Time later = absl::Now() + absl::Seconds(3);
  bool leased_again = false;
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    leased_again = leased_again || leased();
    return absl::Now() > later;
  }));
  EXPECT_FALSE(leased_again);
  cluster_.server(3).Restart();
  ASSERT_TRUE(WaitUntilUp(0));
  ASSERT_TRUE(WaitUntilUp(3));
  ExpectHeldByAllHomes();
}

TEST_F(LossesTest, SaysThatDataIsLostWhenEveryHomeReplicaLostItsMemory) {
  PutAll();
  EXPECT_EQ(Metric("kache_recovery_data_losses_total"), 0);
  for (const size_t server : {0, 1, 2}) cluster_.server(server).Kill();
  for (const size_t server : {0, 1, 2}) cluster_.server(server).Restart();
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric("kache_recovery_data_losses_total") > 0; }));
  ASSERT_TRUE(cluster_.WaitUntilAllUp());
}

TEST_F(LossesTest, NothingIsLostWhenServersGoOneAfterAnother) {
  PutAll();
  for (const size_t server : {0, 1, 2, 3}) {
    cluster_.Hit(server, &RedisServer::Restart);
    ASSERT_TRUE(WaitUntilUp(server));
  }
  ExpectHeldByAllHomes();
  EXPECT_EQ(Metric("kache_recovery_data_losses_total"), 0);
}

// By a coordinator that was started while they were away, too.
TEST_F(LossesTest, SaysThatDataIsLostThoughItNeverSawTheServersWhole) {
  PutAll();
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    return cluster_.server(3).Run({"HLEN", "kache:m:members"}).integer == 4;
  }));
  cluster_.DestroyCoordinator();
  for (const size_t server : {0, 1, 2}) cluster_.server(server).Restart();
  CoordinatorCluster second({}, cluster_);
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    return testing::MetricValue(second.registry(), "kache_recovery_data_losses_total") > 0;
  }));
}

TEST_F(LossesTest, NodesThatAreNotWholeAreNamedOnTheOthers) {
  const auto named = [&](size_t on) {
    return cluster_.server(on).Run({"GET", "kache:m:not-whole"}).text;
  };
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return named(0).empty(); }));
  cluster_.Hit(1, &RedisServer::Kill);
  cluster_.Hit(2, &RedisServer::Kill);
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return named(0) == "cache-1 cache-2"; }));
  cluster_.server(1).Restart();
  cluster_.server(2).Restart();
  ASSERT_TRUE(cluster_.WaitUntilAllUp());
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] { return named(0).empty(); }));
}

}  // namespace
}  // namespace kache
