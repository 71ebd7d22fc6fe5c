// One entry of REDIS_URLS that reaches several Redis processes: a balancer in front of independent
// servers, or an old server that lives on.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "server/replication/record.h"
#include "tests/testing/balancer.h"
#include "tests/testing/coordinator_cluster.h"

namespace kache {
namespace {

using testing::Balancer;
using testing::CoordinatorCluster;
using testing::RedisServer;

constexpr int kKeys = 200;
constexpr size_t kBehind = 3;  // the node that is reached through the balancer

std::string Key(int i) { return "key-" + std::to_string(i); }

class RecoveryProcessesTest : public ::testing::Test {
 protected:
  void Start() {
    CoordinatorCluster::Options options = CoordinatorCluster::Patient();
    options.endpoint = [this](size_t server, const RedisServer& at) {
      if (server != kBehind) return at.endpoint();
      first_ = at.port();
      balancer_ = std::make_unique<Balancer>(std::vector<uint16_t>{first_});
      return balancer_->endpoint();
    };
    cluster_ = std::make_unique<CoordinatorCluster>(options);
  }
  uint16_t second() const { return other_.port(); }
  void CloseOne() {
    const absl::Time before = Status().since;
    balancer_->CloseOldest();
    ASSERT_TRUE(cluster_->WaitForChange(kBehind, before));
  }
  // All connections are lost, and made to `port`.
  void MoveTo(uint16_t port) {
    const absl::Time before = Status().since;
    balancer_->Use({port});
    balancer_->CloseAll();
    ASSERT_TRUE(cluster_->WaitForChange(kBehind, before));
  }
  NodeStatus Status() const { return cluster_->Status(kBehind); }
  bool WaitForReason(const std::string& reason) {
    return CoordinatorCluster::Eventually([&] { return Status().reason == reason; });
  }
  void PutAll(const std::string& value) {
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(cluster_->Put(Key(i), value).ok()) << i;
  }
  int CountReadsOtherThan(const std::string& value) {
    int others = 0;
    for (int i = 0; i < kKeys; ++i) {
      const auto get = cluster_->Get(Key(i));
      others += get.ok() && get->value == value ? 0 : 1;
    }
    return others;
  }
  int CountHeldOtherThan(const RedisServer& server, const std::string& value) {
    int others = 0;
    for (int i = 0; i < kKeys; ++i) {
      const std::vector<size_t> homes = cluster_->HomesOf(Key(i));
      if (std::find(homes.begin(), homes.end(), kBehind) == homes.end()) continue;
      const std::string bytes = server.Run({"GET", "kache:d:" + Key(i)}).text;
      others +=
          bytes.size() > kRecordHeaderBytes && bytes.substr(kRecordHeaderBytes) == value ? 0 : 1;
    }
    return others;
  }

  RedisServer other_;
  uint16_t first_ = 0;
  std::unique_ptr<Balancer> balancer_;
  std::unique_ptr<CoordinatorCluster> cluster_;
};

TEST_F(RecoveryProcessesTest, ANameThatReachesTwoServersIsNotUsed) {
  Start();
  balancer_->Use({second(), first_});
  CloseOne();
  ASSERT_TRUE(WaitForReason("several_processes"));
  EXPECT_EQ(Status().state, NodeState::kDown);
  PutAll("v");
  EXPECT_EQ(CountReadsOtherThan("v"), 0);
  for (int i = 0; i < 6; ++i) {
    balancer_->CloseOldest();
    EXPECT_EQ(CountReadsOtherThan("v"), 0);
    EXPECT_EQ(Status().reason, "several_processes");
  }
}

TEST_F(RecoveryProcessesTest, ANameThatReachesOneServerAgainIsUsedOnceItHasWhatItMissed) {
  Start();
  PutAll("old");
  balancer_->Use({second(), first_});
  CloseOne();
  ASSERT_TRUE(WaitForReason("several_processes"));
  PutAll("new");
  balancer_->Use({first_});
  ASSERT_TRUE(cluster_->WaitForState(kBehind, NodeState::kUp));
  EXPECT_EQ(CountReadsOtherThan("new"), 0);
  EXPECT_EQ(CountHeldOtherThan(cluster_->server(kBehind), "new"), 0);
}

// The old server's marker still says that it is whole.
TEST_F(RecoveryProcessesTest, AnOldServerThatReturnsIsNotReadBeforeItHasWhatItMissed) {
  Start();
  PutAll("old");
  MoveTo(second());
  ASSERT_TRUE(cluster_->WaitForState(kBehind, NodeState::kUp));
  EXPECT_EQ(CountHeldOtherThan(other_, "old"), 0) << "the new one was filled";
  PutAll("new");
  MoveTo(first_);
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    EXPECT_EQ(CountReadsOtherThan("new"), 0);
    return Status().state == NodeState::kUp;
  }));
  EXPECT_EQ(CountReadsOtherThan("new"), 0);
  EXPECT_EQ(CountHeldOtherThan(cluster_->server(kBehind), "new"), 0);
}

// Only one of the connections is lost; the others stay with the old server, which lives on.
TEST_F(RecoveryProcessesTest, AllConnectionsFollowTheNameToANewServer) {
  Start();
  PutAll("v");
  balancer_->Use({second()});
  CloseOne();
  ASSERT_TRUE(cluster_->WaitForState(kBehind, NodeState::kUp));
  const std::string run_id = Status().run_id;
  EXPECT_NE(other_.Run({"INFO", "server"}).text.find(run_id), std::string::npos);
  EXPECT_EQ(CountHeldOtherThan(other_, "v"), 0);
  EXPECT_EQ(CountReadsOtherThan("v"), 0);
}

// As with an old host that lives on, to which one coordinator stays connected.
TEST_F(RecoveryProcessesTest, TwoServersThatTwoCoordinatorsReachUnderOneNameAreNotUsed) {
  Start();
  PutAll("old");
  CoordinatorCluster::Options options = CoordinatorCluster::Patient();
  Balancer elsewhere({second()});
  options.wait_until_up = false;
  options.endpoint = [&](size_t server, const RedisServer& at) {
    return server == kBehind ? elsewhere.endpoint() : at.endpoint();
  };
  CoordinatorCluster other(options, *cluster_);
  ASSERT_TRUE(WaitForReason("several_processes"));
  ASSERT_TRUE(CoordinatorCluster::Eventually(
      [&] { return other.Status(kBehind).reason == "several_processes"; }));
  PutAll("new");
  for (int i = 0; i < kKeys; ++i) {
    const auto get = other.Get(Key(i));
    ASSERT_TRUE(get.ok()) << get.status();
    EXPECT_EQ(get->value, "new");
  }
  elsewhere.Use({first_});  // Its connections are made anew by themselves.
  ASSERT_TRUE(cluster_->WaitForState(kBehind, NodeState::kUp));
  ASSERT_TRUE(other.WaitForState(kBehind, NodeState::kUp));
  EXPECT_EQ(CountReadsOtherThan("new"), 0);
  EXPECT_EQ(CountHeldOtherThan(cluster_->server(kBehind), "new"), 0);
}

TEST_F(RecoveryProcessesTest, APlainRestartIsNotMistakenForTwoServers) {
  Start();
  PutAll("v");
  for (int round = 0; round < 3; ++round) {
    const absl::Time before = cluster_->Status(0).since;
    cluster_->server(0).Restart();
    ASSERT_TRUE(cluster_->WaitForChange(0, before));
    EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
      const NodeStatus status = cluster_->Status(0);
      EXPECT_NE(status.reason, "several_processes");
      return status.state == NodeState::kUp;
    }));
  }
}

}  // namespace
}  // namespace kache
