// Raises fences on nodes that may lack writes, drains for those that stand, and keeps the
// bookkeeping about them: notes, the heartbeats of coordinators that are gone, nodes that an
// operator declared lost. What is to be done is decided by Judge; this does it.
//
// For the recovery's thread alone. Bodies: fences.cc, fences_updates.cc.
#ifndef KACHE_SERVER_RECOVERY_FENCES_H_
#define KACHE_SERVER_RECOVERY_FENCES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/recovery/doubts.h"
#include "server/recovery/inspections.h"
#include "server/recovery/judge.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/resync_plan.h"
#include "server/recovery/ring_in_force.h"

namespace kache {

class Fences {
 public:
  // `demand_sweep` asks for a sweep of all nodes.
  Fences(RecoveryContext& context, Inspections& inspections, const RingInForce& ring,
         const ResyncRules& rules, std::function<void()> demand_sweep);

  // The node's own doubts, as evidence.
  void Describe(NodeId node, NodeEvidence& evidence) const;
  const Doubts& doubts(NodeId node) const { return nodes_[node.index()].doubts; }

  // Does what the assessment asks for. Requires: the node was inspected.
  void Act(const Evidence& evidence, NodeId node, const Assessment& assessment);
  // A new inspection of the node stands.
  void OnInspected(NodeId node);
  // The nodes' connection is gone: what was under way on it is not any more.
  void OnDown(NodeId node);
  // Brings the bookkeeping on the node up to date, where its marker is right: open doubts and the
  // nodes that have been whole, and coordinators that were declared lost, which it does not know
  // yet; heartbeats of coordinators that are gone. To be called once for each inspection, with
  // evidence that has it.
  void UpdateNode(const Evidence& evidence, NodeId node);

  // Forgets a field of a hash on all nodes that can be reached: up to that number, or, where it is
  // empty, in any case. `all`: held until each has answered, or failed to (at_last.h).
  void ForgetOnAll(const std::string& hash, const std::string& field, const std::string& number,
                   const std::shared_ptr<void>& all = nullptr);
  // This coordinator has lost hints about the node so often (NodeStatus::hints_lost): where that
  // is news, the node's memory is distrusted, until a fence says so.
  void NoteHintsLost(NodeId node, uint64_t times);
  // Of some node it has, and no fence says so yet: nobody else knows.
  bool HasUnfencedHintLoss() const;
  // Raises a fence in place of the one that stands: the node's memory counts as lost.
  void FenceLost(NodeId node);
  // An operator declares the node lost. UNAVAILABLE where no other node could be told.
  void DeclareLost(NodeId node, absl::AnyInvocable<void(absl::Status)> done);

 private:
  struct Node {
    Doubts doubts;
    bool fencing = false;
    bool draining = false;
    bool marked = false;       // A marker was sent, and no inspection has come since.
    MonotonicTime not_before;  // of the next fence, after one that could not be raised
    uint64_t hints_lost = 0;   // as it was noted, and as it was when a fence was raised for it
    uint64_t hints_lost_fenced = 0;
    // Of nodes that were fenced for what this one holds, since it was seen: the fence before.
    std::map<uint16_t, FenceNumber> recalled;
    // By the node that missed writes: on which process of this one our note of that was written,
    // and when, where this has written it.
    struct Noted {
      std::string run_id;
      MonotonicTime at{};
    };
    std::map<uint16_t, Noted> noted;
    // NodeStatus::connection_changes at the last inspection, and since when they are so many.
    uint64_t connection_changes = 0;
    absl::Time connected_since = absl::InfiniteFuture();
  };
  void WriteFirstMarker(NodeId node);
  void WriteMarkerAgain(NodeId node);
  void Fence(NodeId node, const FenceOrder& order, MissCount missed);
  // Hints that were lost while it was under way are not said by it.
  struct Sent {
    MissCount missed{};
    bool memory_lost = false;
    uint64_t hints_lost = 0;
  };
  void OnFenced(NodeId node, const Sent& sent, const absl::StatusOr<redis::Reply>& reply);
  // By what the data path says now, which may still be on its way as a topology.
  void NoteHintsLostNow(NodeId node);
  void FenceMissed(NodeId node, int64_t since_ms, bool memory_lost);
  void ProbeWrite(NodeId node);
  void Drain(NodeId node, FenceNumber fence);
  void Forget(NodeId node, const std::string& hash, const std::string& field,
              const std::string& number, const std::shared_ptr<void>& all = nullptr);
  void ForgetSeenTo(NodeId node);
  bool WasMadeWholeWithout(NodeId node, NodeId absent) const;
  bool HasRecalled(NodeId node, NodeId holder, const MissedOn& note);
  void ReassertDoubts(NodeId node);
  void NoteConnection(NodeId node);
  void ShareLostCoordinators(const Evidence& evidence, NodeId node);
  void ShareMembers(const Evidence& evidence, NodeId node);
  void Bury(const Evidence& evidence, NodeId node);
  bool MayHaveSaidGoodbye(const Evidence& evidence, NodeId node, const Heartbeat& heartbeat) const;
  void DistrustHints(const Evidence& evidence, NodeId holder);
  Node& at(NodeId node) { return nodes_[node.index()]; }

  RecoveryContext& context_;
  Inspections& inspections_;
  const RingInForce& ring_;
  const ResyncRules& rules_;
  const std::function<void()> demand_sweep_;
  std::vector<Node> nodes_;    // by NodeId
  std::set<uint64_t> buried_;  // coordinators that were found gone, and have not come back
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_FENCES_H_
