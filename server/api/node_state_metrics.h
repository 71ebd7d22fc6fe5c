// Shows every node in the metrics: state, share of the ring, last ping.
//
// Thread-safe.
#ifndef KACHE_SERVER_API_NODE_STATE_METRICS_H_
#define KACHE_SERVER_API_NODE_STATE_METRICS_H_

#include <array>
#include <vector>

#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "server/cluster/health_monitor.h"
#include "server/cluster/topology.h"

namespace kache {

class NodeStateMetrics {
 public:
  // Knows the nodes of `topology`; their states are shown by ShowStates only. `registry` outlives
  // this object.
  NodeStateMetrics(const Topology& topology, prometheus::Registry& registry);

  // kache_node_state{node,state}: 1 for the state that the node is in, 0 for the others.
  void ShowStates(const Topology& topology);
  // kache_node_ping_seconds{node}: the newest round trip.
  void ShowPings(const std::vector<HealthMonitor::Ping>& pings);
  // kache_node_clock_offset_seconds{node}: how far the node's clock is ahead of cluster time.
  void ShowClocks(const std::vector<HealthMonitor::Recovery>& recoveries);

 private:
  struct NodeGauges {
    std::array<prometheus::Gauge*, 3> states;  // as kStates
    prometheus::Gauge* ping_seconds;
    prometheus::Gauge* clock_offset_seconds;
  };
  std::vector<NodeGauges> nodes_;  // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_API_NODE_STATE_METRICS_H_
