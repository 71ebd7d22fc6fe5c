// How Fences brings the bookkeeping on a node up to date.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/fences.h"
#include "server/replication/hint_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

// From when the data path notes a miss until that stands on every node that can be reached, as a
// rule.
constexpr absl::Duration kNoteTakes = absl::Seconds(2);

}  // namespace

void Fences::UpdateNode(const Evidence& evidence, NodeId node) {
  const NodeEvidence& it = evidence.nodes[node.index()];
  if (!it.inspection || !it.is_ready || !HasRightMarker(evidence, it)) return;
  ReassertDoubts(node);
  ShareMembers(evidence, node);
  ShareLostCoordinators(evidence, node);
  Bury(evidence, node);
}

void Fences::NoteConnection(NodeId node) {
  const uint64_t changes = context_.status(node).connection_changes;
  Node& it = at(node);
  if (it.connection_changes == changes && it.connected_since != absl::InfiniteFuture()) return;
  it.connection_changes = changes;
  it.connected_since = context_.clock.Now();
}

// A note stands on a node only as long as that keeps its memory, and it is written only where the
// node could be reached then. Where it stood, and the process still runs, Redis evicted it, and may
// have evicted the hints, too. The data path writes it with the first miss, on the connections that
// stand then.
void Fences::ReassertDoubts(NodeId node) {
  NoteConnection(node);
  const Inspection& inspection = *inspections_.of(node);
  const absl::Time inspected_at =
      context_.clock.Now() - absl::FromChrono(context_.now() - inspections_.inspected_at(node));
  for (const NodeId about : context_.all_nodes()) {
    const NodeStatus& status = context_.status(about);
    const auto resolved = static_cast<uint64_t>(at(about).doubts.resolved());
    Node::Noted& noted = at(node).noted[static_cast<uint16_t>(about.index())];
    if (about == node || status.missed <= resolved) {
      noted = {};
      continue;
    }
    const std::string& name = context_.name(about);
    const bool stands = std::any_of(
        inspection.missed.begin(), inspection.missed.end(), [&](const MissedOn& missed) {
          return missed.about.node == name && missed.about.coordinator == context_.self &&
                 missed.note.number > resolved;
        });
    const bool was_told = at(node).connected_since < status.missed_since;
    const bool is_untrusted = inspections_.IsMemoryUntrusted(about);
    if (!stands && noted.run_id.empty() && was_told && !is_untrusted) {
      // It may be on its way, or be gone already.
      if (inspected_at >= status.missed_since + kNoteTakes) {
        context_.data_path.RestoreNote(about, node);
      }
      continue;
    }
    const bool is_known = noted.run_id == inspection.run_id;
    // An inspection that was sent before the note does not show it.
    if (!stands && is_known && inspections_.inspected_at(node) <= noted.at) continue;
    const bool hints_are_missing = (!stands && is_known) || is_untrusted;
    noted = {inspection.run_id, stands ? MonotonicTime() : context_.now()};
    if (stands && !hints_are_missing) continue;
    context_.Send(node,
                  redis::Command::Call(
                      hints_are_missing ? ReassertNote() : OpenHints(),
                      {context_.keys.Hints(name), context_.keys.Missed()},
                      {CoordinatorText(context_.self), MissedField(name, context_.self),
                       MissedValue({status.missed, absl::ToUnixMillis(status.missed_since)})}));
  }
}

// Tells the node of those that are whole, where it does not know yet that they have been.
void Fences::ShareMembers(const Evidence& evidence, NodeId node) {
  const std::vector<std::string>& known = inspections_.of(node)->members;
  const std::string key = context_.keys.Members();
  std::vector<std::string_view> command = {"HSET", key};
  for (const NodeEvidence& each : evidence.nodes) {
    if (!IsWhole(evidence, each)) continue;
    if (std::find(known.begin(), known.end(), each.name) != known.end()) continue;
    command.insert(command.end(), {each.name, "1"});
  }
  if (command.size() > 2) context_.Send(node, redis::Command::Of(command));
}

// Tells the node of coordinators that were declared lost while it could not be reached. There they
// may still have connections, so their heartbeats count until these end: they find themselves
// declared lost by their next inspection.
void Fences::ShareLostCoordinators(const Evidence& evidence, NodeId node) {
  const Inspection& inspection = *inspections_.of(node);
  const std::string key = context_.keys.LostCoordinators();
  const auto is_old = [&](const LostCoordinator& lost) {
    return absl::Milliseconds(inspection.now_ms - lost.at_ms) > kLostCoordinatorKept;
  };
  for (const LostCoordinator& lost : inspection.lost_coordinators) {
    if (is_old(lost)) Forget(node, key, CoordinatorText(lost.coordinator), "");
  }
  std::set<uint64_t> told;
  for (const NodeEvidence& other : evidence.nodes) {
    if (!other.inspection) continue;
    for (const LostCoordinator& lost : other.inspection->lost_coordinators) {
      if (is_old(lost) || IsDeclaredLost(inspection, lost.coordinator)) continue;
      if (!told.insert(lost.coordinator).second) continue;
      // Where an operator has just told it himself, his word is the newer one.
      context_.Send(node,
                    redis::Command::Of({"HSETNX", key, CoordinatorText(lost.coordinator),
                                        LostCoordinatorText({lost.coordinator, lost.at_ms})}));
    }
  }
}

// Whether the coordinator may have said goodbye while the node was away: no other node carries its
// heartbeat, and on this one it was not renewed since the node is back. One that is gone without a
// goodbye is found on the others, too.
bool Fences::MayHaveSaidGoodbye(const Evidence& evidence, NodeId node,
                                const Heartbeat& heartbeat) const {
  const absl::Time renewed_at =
      absl::FromUnixMillis(heartbeat.at_ms) - context_.clock.node_clock(node).offset;
  if (renewed_at >= inspections_.seen_at(node)) return false;
  bool any_other = false;
  for (const NodeId each : context_.all_nodes()) {
    const NodeEvidence& other = evidence.nodes[each.index()];
    if (each == node || !HasSay(evidence, other)) continue;
    any_other = true;
    for (const Heartbeat& known : other.inspection->heartbeats) {
      if (known.coordinator == heartbeat.coordinator) return false;
    }
  }
  return any_other;
}

// A coordinator that gives no heartbeat any more, anywhere, may have left writes half done.
void Fences::Bury(const Evidence& evidence, NodeId node) {
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::erase_if(buried_, [&](uint64_t coordinator) { return IsAmong(living, coordinator); });
  for (const Heartbeat& heartbeat : evidence.nodes[node.index()].inspection->heartbeats) {
    if (IsAmong(living, heartbeat.coordinator)) continue;
    const std::string id = CoordinatorText(heartbeat.coordinator);
    // Ahead of the rest: whoever finds no heartbeat of it any more finds the mark.
    DistrustHints(evidence, node);
    Forget(node, context_.keys.Coordinators(), id, "");
    Forget(node, context_.keys.Heartbeats(), id, "");
    if (MayHaveSaidGoodbye(evidence, node, heartbeat)) continue;
    if (!buried_.insert(heartbeat.coordinator).second) continue;
    context_.metrics.coordinators_vanished.Increment();
    spdlog::warn("a server is gone without a goodbye: all nodes are swept coordinator={}", id);
    demand_sweep_();
  }
}

// What a coordinator left half done when it ended has no hints: of nodes that were in doubt then,
// hints do not tell all that they missed.
void Fences::DistrustHints(const Evidence& evidence, NodeId holder) {
  for (const NodeId about : context_.all_nodes()) {
    const NodeEvidence& it = evidence.nodes[about.index()];
    const bool in_doubt = !IsWhole(evidence, it) || EarliestDoubtMs(evidence, it) > 0;
    if (about == holder || !in_doubt) continue;
    context_.Send(holder, redis::Command::Call(MarkOverflow(),
                                               {context_.keys.Hints(context_.name(about))}, {}));
  }
}

}  // namespace kache
