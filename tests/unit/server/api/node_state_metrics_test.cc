#include "server/api/node_state_metrics.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "ring/hash_ring.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::MetricValue;

class NodeStateMetricsTest : public ::testing::Test {
 protected:
  static Topology TwoNodes() {
    Topology topology;
    topology.ring = std::make_shared<HashRing>(std::vector<std::string>{"a", "b"}, 100);
    topology.nodes.resize(2);
    return topology;
  }
  double State(const std::string& node, const std::string& state) {
    return MetricValue(registry_,
                       "kache_node_state{node=\"" + node + "\",state=\"" + state + "\"}");
  }

  Topology topology_ = TwoNodes();
  prometheus::Registry registry_;
  NodeStateMetrics metrics_{topology_, registry_};
};

TEST_F(NodeStateMetricsTest, ShowsOneStateForEachNode) {
  topology_.nodes[0].state = NodeState::kUp;
  topology_.nodes[1].state = NodeState::kSyncing;
  metrics_.ShowStates(topology_);
  EXPECT_EQ(State("a", "up"), 1);
  EXPECT_EQ(State("a", "syncing"), 0);
  EXPECT_EQ(State("a", "down"), 0);
  EXPECT_EQ(State("b", "syncing"), 1);

  topology_.nodes[0].state = NodeState::kDown;
  metrics_.ShowStates(topology_);
  EXPECT_EQ(State("a", "up"), 0);
  EXPECT_EQ(State("a", "down"), 1);
}

TEST_F(NodeStateMetricsTest, ShowsShares) {
  const double a = MetricValue(registry_, "kache_node_share{node=\"a\"}");
  EXPECT_NEAR(a, topology_.ring->Share(NodeId(0)), 1e-6);
  EXPECT_NEAR(a + MetricValue(registry_, "kache_node_share{node=\"b\"}"), 1, 1e-5);
}

TEST_F(NodeStateMetricsTest, ShowsPingsThatWereAnswered) {
  metrics_.ShowPings({{.at = absl::UnixEpoch(), .round_trip = absl::Microseconds(250)}, {}});
  EXPECT_NEAR(MetricValue(registry_, "kache_node_ping_seconds{node=\"a\"}"), 0.00025, 1e-9);
  EXPECT_EQ(MetricValue(registry_, "kache_node_ping_seconds{node=\"b\"}"), 0);
}

}  // namespace
}  // namespace kache
