#include "server/recovery/inspections.h"

#include <algorithm>
#include <utility>

#include "server/bookkeeping/ring_id.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

// A note's instant is more than 0.
constexpr absl::Time kSinceEver = absl::FromUnixMillis(1);

bool HaveSameMarker(const Inspection& a, const Inspection& b) {
  return a.marker && b.marker && a.marker->fence == b.marker->fence &&
         a.marker->whole == b.marker->whole && a.marker->run_id == b.marker->run_id;
}

}  // namespace

Inspections::Inspections(RecoveryContext& context, std::function<InspectionOrder(NodeId)> order,
                         std::function<void(NodeId)> on_inspected)
    : context_(context),
      order_(std::move(order)),
      on_inspected_(std::move(on_inspected)),
      nodes_(context.nodes()) {}

void Inspections::Tick() {
  const std::vector<NodeId> all = context_.all_nodes();
  const bool hurried = std::any_of(all.begin(), all.end(), [this](NodeId id) {
    return context_.is_ready(id) && !context_.is_up(id);
  });
  const absl::Duration usual = context_.config.check_interval;
  const absl::Duration interval = hurried ? std::min(kHurriedInterval, usual) : usual;
  for (const NodeId id : all) {
    const Node& node = nodes_[id.index()];
    if (node.under_way || !context_.is_ready(id)) continue;
    if (node.due || absl::FromChrono(context_.now() - node.sent_at) >= interval) {
      Send(id);
    } else if (node.inspection && node.inspection->evicts) {
      Touch(id);
    }
  }
}

void Inspections::Touch(NodeId node) {
  Node& it = nodes_[node.index()];
  const MonotonicTime last = std::max(it.sent_at, it.touched_at);
  if (absl::FromChrono(context_.now() - last) < kTouchInterval) return;
  it.touched_at = context_.now();
  context_.Send(node, TouchCommand(context_.keys, context_.ring->names()));
}

void Inspections::Lose(NodeId node) {
  nodes_[node.index()].inspection.reset();
  nodes_[node.index()].attempted = true;
}

bool Inspections::IsForeign(NodeId node) const {
  const auto& inspection = of(node);
  return inspection && inspection->marker &&
         !GenerationOf(inspection->marker->ring, context_.fingerprint);
}

bool Inspections::IsCurrent(NodeId node) const {
  const NodeStatus& status = context_.status(node);
  return of(node) && status.connected && connection_changes(node) == status.connection_changes;
}

void Inspections::Describe(NodeId node, NodeEvidence& evidence) const {
  const Node& it = nodes_[node.index()];
  evidence.is_current = IsCurrent(node);
  evidence.without_marker = it.without_marker;
  evidence.memory_untrusted = it.memory_untrusted;
  evidence.inspected_at = it.inspected_at;
  evidence.marker_seen_at = it.marker_seen_at;
}

ReachedProcess Inspections::Reached(NodeId node) const {
  const Node& it = nodes_[node.index()];
  if (!it.inspection) return {};
  const MonotonicTime now = context_.now();
  const absl::Time cluster_now = context_.clock.Now();
  return {.run_id = it.run_id,
          .known_since = cluster_now - absl::FromChrono(now - it.known_since),
          .alive_at = cluster_now - absl::FromChrono(now - it.inspected_at)};
}

void Inspections::Send(NodeId node) {
  Node& it = nodes_[node.index()];
  it.under_way = true;
  it.due = false;
  it.sent_at = context_.now();
  const NodeStatus& status = context_.status(node);
  // What was asked while a connection of the data path was missing proves nothing for it.
  const uint64_t changes = status.connected ? status.connection_changes : UINT64_MAX;
  context_.Send(node, InspectCommand(context_.keys, order_(node)),
                [this, node, changes](const absl::StatusOr<redis::Reply>& reply) {
                  OnReply(node, changes, reply);
                });
}

void Inspections::OnReply(NodeId node, uint64_t changes,
                          const absl::StatusOr<redis::Reply>& reply) {
  Node& it = nodes_[node.index()];
  it.under_way = false;
  it.attempted = true;
  if (reply.ok()) context_.monitor.OnPing(node, absl::FromChrono(context_.now() - it.sent_at));
  std::optional<Inspection> found =
      reply.ok() && context_.is_ready(node) ? ParseInspection(*reply) : std::nullopt;
  if (reply.ok() && reply->IsError()) {
    context_.monitor.OnInspectionRefused(node, reply->text);
  } else if (found) {
    context_.monitor.OnInspectionAnswered(node);
  }
  if (!found) {
    context_.metrics.looks_failed.Increment();
    spdlog::debug("an inspection of a node failed node={} error=\"{}\"", context_.name(node),
                  reply.ok() ? reply->text : reply.status().ToString());
    return on_inspected_(node);
  }
  it.connection_changes = changes;
  it.markers.OnInspection(*found);
  it.without_marker = found->has_marker ? 0 : it.without_marker + 1;
  it.heartbeats.OnInspection(*found, context_.now());
  NoteTime(node, absl::FromUnixMillis(found->now_ms));
  if (!it.inspection || !HaveSameMarker(*it.inspection, *found)) it.marker_seen_at = context_.now();
  if (std::exchange(it.run_id, found->run_id) != found->run_id) it.known_since = context_.now();
  if (!it.inspection) it.seen_at = context_.clock.Now();
  it.inspected_at = it.sent_at;
  it.inspection = std::make_shared<const Inspection>(*std::move(found));
  on_inspected_(node);
}

// A node whose clock ran far ahead has ended lives that are not over, tombstones among them: it may
// lack anything, however old, and is compared with the others before it is read again.
void Inspections::NoteTime(NodeId node, absl::Time told) {
  ClusterClock& clock = context_.clock;
  const bool was_skewed = clock.node_clock(node).skewed;
  clock.OnNodeTime(node, nodes_[node.index()].sent_at, context_.now(), told);
  const ClusterClock::NodeClock& now = clock.node_clock(node);
  if (now.skewed && !was_skewed && now.offset > absl::ZeroDuration()) {
    nodes_[node.index()].memory_untrusted = true;
    context_.monitor.OnMayLackWrites(node, kSinceEver);
  }
}

}  // namespace kache
