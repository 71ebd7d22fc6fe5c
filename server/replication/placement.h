// Which nodes an operation uses, decided from the ring and the nodes' states. Pure functions.
//
// "Walk" is a key's preference list; its first `homes` nodes are the key's home replicas.
#ifndef KACHE_SERVER_REPLICATION_PLACEMENT_H_
#define KACHE_SERVER_REPLICATION_PLACEMENT_H_

#include <cstddef>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "ring/hash_ring.h"
#include "server/cluster/doubt.h"
#include "server/cluster/node_state.h"

namespace kache {

struct NodeView {
  NodeState state = NodeState::kDown;
  bool takes_writes = false;
  bool slow = false;
  Doubt doubt = Doubt::kAmnesic;
};
using NodeViews = absl::FunctionRef<NodeView(NodeId)>;

enum class ReadMode : uint8_t {
  kOneAfterAnother,  // home replicas that are UP, nearest first
  kNewestOfAll,      // no home replica is UP: ask all that are SYNCING and as many stand-ins at
                     // once, take the newest record
  kStandIns,         // no home replica is UP or SYNCING: stand-ins, nearest first
};

// Whether the node still shows every write that it acknowledged, as far as is known: then it counts
// for QUORUM, though it may lack others.
inline bool Remembers(const NodeView& view) {
  return view.state == NodeState::kUp ||
         (view.state == NodeState::kSyncing && view.doubt != Doubt::kAmnesic);
}

// Whether a home replica of a key that has so many counts for QUORUM. What it lacks was
// acknowledged by others; where it is the only one, these are stand-ins, and no majority has any of
// them.
inline bool CountsForQuorum(const NodeView& view, size_t homes) {
  return view.state == NodeState::kUp || (homes > 1 && Remembers(view));
}

// How a read is to go about its key's nodes, as they are now.
ReadMode ChooseReadMode(absl::Span<const NodeId> homes, NodeViews views);

// The first node from position `from` on that is UP; its position in `walk`.
std::optional<size_t> NextUp(absl::Span<const NodeId> walk, size_t from, NodeViews views);

// Adds to a key's home replicas as many nodes of its `walk` as may hold copies that were written
// while no home replica took any: the nearest that are UP, at most as many as there are home
// replicas.
void AddStandIns(PreferenceList& homes, const PreferenceList& walk, NodeViews views);

struct WriteTarget {
  NodeId node;
  bool home = true;  // false = a stand-in
};

struct WritePlan {
  absl::InlinedVector<WriteTarget, 4> targets;
  // The target whose acknowledgement answers the write: the first home replica that is UP.
  std::optional<size_t> primary;
  // A home replica was skipped.
  bool degraded = false;
};

// All home replicas that take writes, and for each that does not the next node on the walk that
// is UP. Where nobody takes writes, the SYNCING home replicas are tried all the same. Empty when
// no node can be tried. `walk` is called only when a home replica is missing, and gives all nodes.
WritePlan PlanWrite(absl::Span<const NodeId> homes, absl::FunctionRef<const PreferenceList&()> walk,
                    NodeViews views);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_PLACEMENT_H_
