#include "server/api/health_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace kache {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class HealthNotifierTest : public ::testing::Test {
 protected:
  static Topology Of(std::vector<NodeState> states) {
    Topology topology;
    for (const NodeState state : states) topology.nodes.emplace_back().state = state;
    return topology;
  }
  bool KeysAreServed() const {
    EXPECT_EQ(said_.at(""), said_.at("kache.v1.Kache"));
    return said_.at("");
  }

  std::map<std::string, bool> said_;
  HealthNotifier notifier_{
      [this](const std::string& service, bool serving) { said_[service] = serving; }};
};

TEST_F(HealthNotifierTest, SaysThatNothingIsServedWhileAllNodesAreDown) {
  notifier_.OnTopology(Of({NodeState::kDown, NodeState::kDown}));
  EXPECT_THAT(said_, UnorderedElementsAre(Pair("", false), Pair("kache.v1.Kache", false),
                                          Pair("live", true)));
}

TEST_F(HealthNotifierTest, ServesWithOneNode) {
  notifier_.OnTopology(Of({NodeState::kDown, NodeState::kUp}));
  EXPECT_TRUE(KeysAreServed());
}

TEST_F(HealthNotifierTest, ServesWithASyncingNode) {
  notifier_.OnTopology(Of({NodeState::kSyncing, NodeState::kDown}));
  EXPECT_TRUE(KeysAreServed());
}

TEST_F(HealthNotifierTest, DoesNotServeInAMinority) {
  Topology topology = Of({NodeState::kUp, NodeState::kDown, NodeState::kDown});
  topology.in_minority = true;
  notifier_.OnTopology(topology);
  EXPECT_FALSE(KeysAreServed());
  topology.in_minority = false;
  notifier_.OnTopology(topology);
  EXPECT_TRUE(KeysAreServed());
}

TEST_F(HealthNotifierTest, FollowsTheNodes) {
  notifier_.OnTopology(Of({NodeState::kUp}));
  notifier_.OnTopology(Of({NodeState::kDown}));
  EXPECT_FALSE(KeysAreServed());
  notifier_.OnTopology(Of({NodeState::kUp}));
  EXPECT_TRUE(KeysAreServed());
}

TEST_F(HealthNotifierTest, DrainsForGoodButStaysAlive) {
  notifier_.OnTopology(Of({NodeState::kUp}));
  notifier_.Drain();
  EXPECT_FALSE(KeysAreServed());
  notifier_.OnTopology(Of({NodeState::kUp}));
  EXPECT_FALSE(KeysAreServed());
  EXPECT_TRUE(said_.at("live"));
}

}  // namespace
}  // namespace kache
