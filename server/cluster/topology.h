// One moment of the cluster: the ring, and what this coordinator thinks of every node. Immutable
// once published; HealthMonitor makes a new one for every change of a node's state.
#ifndef KACHE_SERVER_CLUSTER_TOPOLOGY_H_
#define KACHE_SERVER_CLUSTER_TOPOLOGY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ring/hash_ring.h"
#include "server/cluster/doubt.h"
#include "server/cluster/node_state.h"
#include "server/cluster/process_agreement.h"

namespace kache {

// How a node's pings compare with the others'.
enum class NodePace : uint8_t {
  kNormal,
  kSlow,     // several times slower: shown, and passed over where another replica will do
  kOutlier,  // so slow that every read would wait for TRY_TIMEOUT_MS: not read
};

struct NodeStatus {
  NodeState state = NodeState::kDown;
  // Why, in snake_case: "ok", "connecting", "unresponsive", "oom", "missed_writes", ...
  std::string reason = "connecting";
  absl::Time since;  // of this state
  // False while a node that refuses writes (out of memory, say) is left alone for its back-off.
  bool takes_writes = false;
  // True from a refused write on until one was accepted.
  bool refuses_writes = false;
  NodePace pace = NodePace::kNormal;
  std::string run_id;
  std::string version;
  // How often a shard's connection was made or lost: tells whether a check of the node is newer
  // than all of its connections.
  uint64_t connection_changes = 0;
  // Another entry reaches the same process: this one is not used.
  bool is_duplicate = false;
  // All shards have a connection, to one process, and the node is not a duplicate: it can be
  // checked.
  bool connected = false;
  // Whether all connections, the recovery's too, reach one process.
  ProcessAgreement processes = ProcessAgreement::kOne;
  // How often all connections were to be made anew because they reached different processes.
  uint64_t rounds = 0;
  std::string reached;  // run_ids with commas between, for people; empty while all reach one
  // Each shard's connection was made, or could not be, at least once.
  bool connections_tried = false;
  // How often this coordinator's writes were missed by the node, and up to which of these it has
  // been made whole again.
  uint64_t missed = 0;
  absl::Time missed_since;  // the first of those that are not resolved
  uint64_t resolved = 0;
  // How often this coordinator found that it lost hints about the node (Shard::NoteHintLost).
  uint64_t hints_lost = 0;
  // Since when it may have lacked writes, by anybody's word: infinitely past = nobody knows, as it
  // was not checked since it was connected; infinitely ahead = it lacks none.
  absl::Time doubted_since = absl::InfinitePast();
  Doubt doubt = Doubt::kAmnesic;
  // How its marker begins while it is whole (server/bookkeeping/marker.h).
  std::string whole_marker;
  // How far its clock is ahead of cluster time, as it is added to instants for the node
  // (ClusterClock::NodeClock::applied).
  absl::Duration clock_offset;
  // Bytes; 0 = it has no limit.
  uint64_t maxmemory = 0;

  bool Usable() const { return state != NodeState::kDown; }
};

// The reason of a node that was not inspected yet.
inline constexpr char kChecking[] = "checking";

// What checking a node's marker and its peers' notes came to (server/recovery).
struct Standing {
  enum class Verdict : uint8_t {
    kUnchecked,  // nothing is known yet: not used
    kExcluded,   // must not be used at all
    kInDoubt,    // may lack writes
    kWhole,
  };
  Verdict verdict = Verdict::kUnchecked;
  std::string reason;               // in snake_case, unless whole
  uint64_t connection_changes = 0;  // NodeStatus's, when the check began
  std::string run_id;               // of the process that was checked
  uint64_t resolved = 0;            // NodeStatus::resolved
  // As NodeStatus::doubted_since, by the marker and by notes.
  absl::Time doubted_since = absl::InfiniteFuture();
  Doubt doubt = Doubt::kAmnesic;
  std::string whole_marker;     // NodeStatus::whole_marker
  absl::Duration clock_offset;  // NodeStatus::clock_offset
  uint64_t maxmemory = 0;       // NodeStatus::maxmemory
};

struct Topology {
  std::shared_ptr<const HashRing> ring;  // shared by all topologies: the ring never changes
  std::vector<NodeStatus> nodes;         // by NodeId
  // This coordinator reaches less than half of the nodes that others reach: it had better be asked
  // by nobody (server/recovery/minority_watch.h).
  bool in_minority = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_TOPOLOGY_H_
