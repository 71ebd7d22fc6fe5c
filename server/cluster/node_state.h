// The states of a node, as everybody outside names them.
#ifndef KACHE_SERVER_CLUSTER_NODE_STATE_H_
#define KACHE_SERVER_CLUSTER_NODE_STATE_H_

#include <cstdint>

namespace kache {

enum class NodeState : uint8_t {
  kUp,       // serves reads and takes writes
  kSyncing,  // takes writes; not read, as it may lack some
  kDown,     // not used
};

// "up", "syncing", "down".
constexpr const char* NodeStateName(NodeState state) {
  switch (state) {
    case NodeState::kUp:
      return "up";
    case NodeState::kSyncing:
      return "syncing";
    case NodeState::kDown:
      return "down";
  }
  return "unknown";
}

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_NODE_STATE_H_
