// Inspects every node each check_interval, at once when somebody asks for it, and several times a
// second while a node that can be asked is not UP: while one merely can't be reached, there is
// nothing to wait for. Keeps what the last inspections found. Touches the bookkeeping of nodes that
// evict keys, so that they evict others.
//
// For the recovery's thread alone.
#ifndef KACHE_SERVER_RECOVERY_INSPECTIONS_H_
#define KACHE_SERVER_RECOVERY_INSPECTIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/bookkeeping/inspection.h"
#include "server/recovery/evidence.h"
#include "server/recovery/heartbeat_watch.h"
#include "server/recovery/marker_watch.h"
#include "server/recovery/recovery_context.h"

namespace kache {

class Inspections {
 public:
  // Between inspections while a node that can be asked is not UP.
  static constexpr absl::Duration kHurriedInterval = absl::Milliseconds(200);
  // Between touches of the bookkeeping on a node that may evict it: often enough that Redis always
  // finds keys that were used less lately. Redis counts ages in seconds.
  static constexpr absl::Duration kTouchInterval = absl::Milliseconds(500);

  // `order` tells what an inspection of the node is to leave there; `on_inspected` is called after
  // each, also one that failed.
  Inspections(RecoveryContext& context, std::function<InspectionOrder(NodeId)> order,
              std::function<void(NodeId)> on_inspected);

  void Tick();
  // The node is to be inspected at once, or as soon as the inspection that is under way has ended.
  void Hurry(NodeId node) { nodes_[node.index()].due = true; }
  void HurryAll() {
    for (Node& node : nodes_) node.due = true;
  }
  // The node can't be reached: what was found of it proves nothing any more.
  void Lose(NodeId node);

  // The newest; null while there is none.
  const std::shared_ptr<const Inspection>& of(NodeId node) const {
    return nodes_[node.index()].inspection;
  }
  // It was inspected, or that failed, at least once.
  bool attempted(NodeId node) const { return nodes_[node.index()].attempted; }
  // NodeStatus::connection_changes when the newest was sent; UINT64_MAX = it proves nothing for the
  // data path.
  uint64_t connection_changes(NodeId node) const { return nodes_[node.index()].connection_changes; }
  // The node carries another ring's marker. Nothing is written there but the fence that makes it
  // ours: it may be another cluster's.
  bool IsForeign(NodeId node) const;
  // It is newer than every connection of the data path to the node.
  bool IsCurrent(NodeId node) const;
  // Since when the node has been inspected without a break; cluster time.
  absl::Time seen_at(NodeId node) const { return nodes_[node.index()].seen_at; }
  // When the newest was sent.
  MonotonicTime inspected_at(NodeId node) const { return nodes_[node.index()].inspected_at; }
  // The newest was sent after the marker of `other` was first seen as it is.
  bool IsAfterMarkerOf(NodeId node, NodeId other) const {
    return nodes_[node.index()].inspected_at > nodes_[other.index()].marker_seen_at;
  }
  // The process that answered the newest; its run_id is empty while there is none.
  ReachedProcess Reached(NodeId node) const;
  // NodeEvidence::memory_untrusted, until a fence says so.
  void DistrustMemory(NodeId node) { nodes_[node.index()].memory_untrusted = true; }
  bool IsMemoryUntrusted(NodeId node) const { return nodes_[node.index()].memory_untrusted; }
  void OnMemoryFenced(NodeId node) { nodes_[node.index()].memory_untrusted = false; }
  // What is known of how the newest came about.
  void Describe(NodeId node, NodeEvidence& evidence) const;

 private:
  struct Node {
    std::shared_ptr<const Inspection> inspection;
    HeartbeatWatch heartbeats;
    MarkerWatch markers;
    uint64_t connection_changes = UINT64_MAX;
    absl::Time seen_at;            // of the first since the node was lost
    MonotonicTime sent_at;         // of the last that was sent
    MonotonicTime touched_at;      // when the bookkeeping was touched last, besides
    MonotonicTime inspected_at;    // of `inspection`
    MonotonicTime marker_seen_at;  // when its marker was first seen as it is
    std::string run_id;            // of the process that answered last
    MonotonicTime known_since;     // when that one answered first
    bool under_way = false;
    bool due = true;
    bool attempted = false;
    uint32_t without_marker = 0;
    bool memory_untrusted = false;
  };
  void Send(NodeId node);
  void Touch(NodeId node);
  void OnReply(NodeId node, uint64_t changes, const absl::StatusOr<redis::Reply>& reply);
  void NoteTime(NodeId node, absl::Time told);

  RecoveryContext& context_;
  const std::function<InspectionOrder(NodeId)> order_;
  const std::function<void(NodeId)> on_inspected_;
  std::vector<Node> nodes_;  // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_INSPECTIONS_H_
