// One moment of the cluster: the ring, and what this coordinator thinks of every node. Immutable
// once published; HealthMonitor makes a new one for every change of a node's state.
#ifndef KACHE_SERVER_CLUSTER_TOPOLOGY_H_
#define KACHE_SERVER_CLUSTER_TOPOLOGY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ring/hash_ring.h"
#include "server/cluster/node_state.h"

namespace kache {

struct NodeStatus {
  NodeState state = NodeState::kDown;
  // Why, in snake_case: "ok", "returned", "connecting", "unresponsive", "oom", ...
  std::string reason = "connecting";
  absl::Time since;  // of this state
  // False while a node that refuses writes (out of memory, say) is left alone for its back-off.
  bool takes_writes = false;
  // True once the node was UP, was not for a while, and so may lack what was written meanwhile:
  // that it holds nothing for a key is then no proof that nothing was written.
  bool may_lack_writes = false;
  std::string run_id;
  std::string version;

  bool Usable() const { return state != NodeState::kDown; }
};

struct Topology {
  std::shared_ptr<const HashRing> ring;  // shared by all topologies: the ring never changes
  std::vector<NodeStatus> nodes;         // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_TOPOLOGY_H_
