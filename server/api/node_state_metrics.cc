#include "server/api/node_state_metrics.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "server/cluster/node_state.h"

namespace kache {
namespace {

constexpr std::array<NodeState, 3> kStates = {NodeState::kUp, NodeState::kSyncing,
                                              NodeState::kDown};

}  // namespace

NodeStateMetrics::NodeStateMetrics(const Topology& topology, prometheus::Registry& registry) {
  const HashRing& ring = *topology.ring;
  auto& states = prometheus::BuildGauge()
                     .Name("kache_node_state")
                     .Help("1 for the state that the node is in, 0 for the others.")
                     .Register(registry);
  auto& shares = prometheus::BuildGauge()
                     .Name("kache_node_share")
                     .Help("Part of all keys whose first home replica the node is, by the ring.")
                     .Register(registry);
  auto& pings = prometheus::BuildGauge()
                    .Name("kache_node_ping_seconds")
                    .Help("Round trip of the newest answered ping; 0 before the first.")
                    .Register(registry);
  auto& offsets =
      prometheus::BuildGauge()
          .Name("kache_node_clock_offset_seconds")
          .Help("How far the node's clock is ahead of the median of all; negative = behind.")
          .Register(registry);
  for (size_t i = 0; i < ring.nodes(); ++i) {
    const std::string& name = ring.names()[i];
    NodeGauges gauges;
    for (size_t s = 0; s < kStates.size(); ++s) {
      gauges.states[s] = &states.Add({{"node", name}, {"state", NodeStateName(kStates[s])}});
    }
    gauges.ping_seconds = &pings.Add({{"node", name}});
    gauges.clock_offset_seconds = &offsets.Add({{"node", name}});
    shares.Add({{"node", name}}).Set(ring.Share(NodeId(static_cast<uint16_t>(i))));
    nodes_.push_back(gauges);
  }
}

void NodeStateMetrics::ShowStates(const Topology& topology) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    for (size_t s = 0; s < kStates.size(); ++s) {
      nodes_[i].states[s]->Set(topology.nodes[i].state == kStates[s] ? 1 : 0);
    }
  }
}

void NodeStateMetrics::ShowClocks(const std::vector<HealthMonitor::Recovery>& recoveries) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].clock_offset_seconds->Set(absl::ToDoubleSeconds(recoveries[i].clock_offset));
  }
}

void NodeStateMetrics::ShowPings(const std::vector<HealthMonitor::Ping>& pings) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (pings[i].at == absl::InfinitePast()) continue;
    nodes_[i].ping_seconds->Set(absl::ToDoubleSeconds(pings[i].round_trip));
  }
}

}  // namespace kache
