#include "server/recovery/fences.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/ring_id.h"
#include "server/recovery/at_last.h"
#include "server/recovery/refusal.h"
#include "server/replication/hint_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

// From when the sources of a resync are counted until its fence is lifted, at most; and how exactly
// that is known.
constexpr absl::Duration kLiftTakes = absl::Seconds(5);

// FenceScript's mode.
constexpr char kAlways[] = "always";

std::string Text(MissCount count) { return std::to_string(static_cast<uint64_t>(count)); }

}  // namespace

Fences::Fences(RecoveryContext& context, Inspections& inspections, const RingInForce& ring,
               const ResyncRules& rules, std::function<void()> demand_sweep)
    : context_(context),
      inspections_(inspections),
      ring_(ring),
      rules_(rules),
      demand_sweep_(std::move(demand_sweep)),
      nodes_(context.nodes()) {}

void Fences::Describe(NodeId node, NodeEvidence& evidence) const {
  const Node& it = nodes_[node.index()];
  const NodeStatus& status = context_.status(node);
  evidence.missed_unfenced = it.doubts.IsUnfenced(MissCount{status.missed});
  evidence.missed_resolved = static_cast<uint64_t>(it.doubts.resolved());
  const bool open = status.missed > evidence.missed_resolved;
  evidence.missed_since_ms = open ? absl::ToUnixMillis(status.missed_since) : 0;
  evidence.fencing = it.fencing;
  evidence.draining = it.draining;
  if (!evidence.inspection) return;
  evidence.drained = it.doubts.DrainedFor(evidence.inspection->run_id);
  evidence.fence_lost = it.doubts.has_lost_fence();
}

void Fences::Act(const Evidence& evidence, NodeId node, const Assessment& assessment) {
  if (assessment.init) return WriteFirstMarker(node);
  if (assessment.restore) return WriteMarkerAgain(node);
  if (assessment.fence) {
    if (context_.now() >= at(node).not_before) Fence(node, *assessment.fence, MissCount{});
    return;
  }
  if (assessment.probe_write) return ProbeWrite(node);
  if (assessment.fence_missed) {
    if (context_.now() < at(node).not_before) return;
    const NodeEvidence& it = evidence.nodes[node.index()];
    return FenceMissed(node, EarliestDoubtMs(evidence, it), it.memory_untrusted);
  }
  if (assessment.drain) Drain(node, *assessment.drain);
}

void Fences::OnInspected(NodeId node) {
  const auto& inspection = inspections_.of(node);
  if (!inspection) return;
  at(node).marked = false;
  Doubts& doubts = at(node).doubts;
  if (doubts.OnInspection(*inspection, ring_.id())) {
    ForgetOnAll(context_.keys.Missed(), MissedField(context_.name(node), context_.self),
                Text(doubts.resolved()));
  }
  if (!inspections_.IsForeign(node)) ForgetSeenTo(node);
}

void Fences::OnDown(NodeId node) {
  at(node).fencing = false;
  at(node).draining = false;
  at(node).marked = false;
  at(node).recalled.clear();
}

void Fences::WriteFirstMarker(NodeId node) {
  if (std::exchange(at(node).marked, true)) return;
  spdlog::info("first start: no server carries a marker; writing one node={}", context_.name(node));
  const KeySpace& keys = context_.keys;
  context_.Send(
      node,
      redis::Command::Call(InitScript(), {keys.Marker(), keys.Ring(), keys.Sweep()},
                           {RingText(ring_.id()), context_.name(node), context_.DescribeRing()}),
      [this, node](const absl::StatusOr<redis::Reply>& reply) {
        inspections_.Hurry(node);
        NoteRefusal(context_, node, "a first marker could not be written", reply);
      });
}

void Fences::WriteMarkerAgain(NodeId node) {
  if (std::exchange(at(node).marked, true)) return;
  spdlog::info("the marker was evicted, the node kept its memory: writing it again node={}",
               context_.name(node));
  const Inspection& inspection = *inspections_.of(node);
  context_.Send(node,
                redis::Command::Call(RestoreScript(), {context_.keys.Marker()},
                                     {inspection.run_id, std::to_string(inspection.emptied),
                                      inspection.marker_text}),
                [this, node](const absl::StatusOr<redis::Reply>& reply) {
                  inspections_.Hurry(node);
                  if (reply.ok() && reply->IsInteger(1)) {
                    context_.metrics.markers_restored[node.index()]->Increment();
                  }
                  NoteRefusal(context_, node, "a marker could not be written again", reply);
                });
}

// `missed`: up to which of our misses the fence is for; 0 = for none.
void Fences::Fence(NodeId node, const FenceOrder& order, MissCount missed) {
  at(node).fencing = true;
  const KeySpace& keys = context_.keys;
  const Sent sent{missed, order.memory_lost && order.mode == kAlways, at(node).hints_lost};
  context_.Send(node,
                redis::Command::Call(
                    FenceScript(),
                    {keys.Marker(), keys.Ring(), keys.Coordinators(), keys.Heartbeats(),
                     keys.ResyncProgress()},
                    {RingText(ring_.id()), context_.name(node), context_.DescribeRing(), order.mode,
                     std::to_string(order.since_ms), FenceText(at(node).doubts.highest_fence()),
                     order.memory_lost ? "lost" : "kept"}),
                [this, node, sent](const absl::StatusOr<redis::Reply>& reply) {
                  OnFenced(node, sent, reply);
                });
}

void Fences::OnFenced(NodeId node, const Sent& sent, const absl::StatusOr<redis::Reply>& reply) {
  at(node).fencing = false;
  inspections_.Hurry(node);
  const auto marker = reply.ok() ? ParseMarker(reply->text) : std::nullopt;
  if (!marker) {
    at(node).not_before = context_.retry_at();
    return NoteRefusal(context_, node, "a fence could not be raised", reply);
  }
  if (sent.memory_lost && sent.hints_lost == at(node).hints_lost) {
    inspections_.OnMemoryFenced(node);
    at(node).hints_lost_fenced = sent.hints_lost;
  }
  const auto& inspection = inspections_.of(node);
  const bool stood_before = inspection && inspection->marker &&
                            inspection->marker->fence == marker->fence &&
                            inspection->marker->run_id == marker->run_id;
  if (stood_before) return;
  context_.metrics.fences[node.index()]->Increment();
  spdlog::info("fenced: the node may lack writes node={} fence={} away_since_ms={}",
               context_.name(node), FenceText(marker->fence), marker->away_ms);
  at(node).doubts.OnFenced(sent.missed, *marker);
}

void Fences::NoteHintsLost(NodeId node, uint64_t times) {
  if (times <= at(node).hints_lost) return;
  at(node).hints_lost = times;
  spdlog::warn("hints about the node are lost: it is compared with all others node={}",
               context_.name(node));
  inspections_.DistrustMemory(node);
}

void Fences::NoteHintsLostNow(NodeId node) {
  NoteHintsLost(node, context_.monitor.topology()->nodes[node.index()].hints_lost);
}

bool Fences::HasUnfencedHintLoss() const {
  const std::shared_ptr<const Topology> now = context_.monitor.topology();
  for (const NodeId node : context_.all_nodes()) {
    const uint64_t fenced = nodes_[node.index()].hints_lost_fenced;
    if (now->nodes[node.index()].hints_lost > fenced) return true;
  }
  return false;
}

void Fences::FenceLost(NodeId node) {
  const auto& inspection = inspections_.of(node);
  if (!inspection || !inspection->marker || at(node).fencing || !context_.is_ready(node)) return;
  const Marker& marker = *inspection->marker;
  Fence(node, {FenceText(marker.fence), marker.away_ms, /*memory_lost=*/true}, MissCount{});
}

// First all further misses count anew, and what was begun before has ended; then the fence.
void Fences::FenceMissed(NodeId node, int64_t since_ms, bool memory_lost) {
  at(node).fencing = true;
  const MissCount missed{context_.status(node).missed};
  context_.data_path.Drain(node, [this, node, missed, since_ms, memory_lost] {
    if (!at(node).fencing || !context_.is_ready(node)) {
      at(node).fencing = false;
      return;
    }
    NoteHintsLostNow(node);
    const bool is_lost = memory_lost || inspections_.IsMemoryUntrusted(node);
    Fence(node, {kAlways, since_ms, is_lost}, missed);
  });
}

// Nobody may be writing to the node: that it takes writes again must show all the same.
void Fences::ProbeWrite(NodeId node) {
  context_.Send(node, redis::Command::Of({"SET", context_.keys.Probe(), "1", "PX", "1000"}),
                [this, node](const absl::StatusOr<redis::Reply>& reply) {
                  if (!reply.ok()) return;
                  if (!reply->IsError()) return context_.monitor.OnWriteAccepted(node);
                  context_.monitor.OnWriteRefused(node, reply->text);
                });
}

void Fences::Drain(NodeId node, FenceNumber fence) {
  at(node).draining = true;
  const std::string run_id = inspections_.of(node)->run_id;
  // What is missed from here on may be on its way to others for as long as it likes.
  const MissCount missed{context_.status(node).missed};
  context_.data_path.Drain(node, [this, node, fence, run_id, missed] {
    if (!at(node).draining) return;  // The connection was lost meanwhile.
    at(node).draining = false;
    NoteHintsLostNow(node);
    // A fence of ours will say that hints are lost. Until then nobody may go by hints.
    const MissCount by_now{context_.monitor.topology()->nodes[node.index()].missed};
    if (inspections_.IsMemoryUntrusted(node) && at(node).doubts.IsUnfenced(by_now)) return;
    at(node).doubts.OnDrained(run_id, fence, missed);
    // The refill of a lost memory brings whatever was missed before: no fence of our own is needed.
    const auto& inspection = inspections_.of(node);
    if (inspection && inspection->run_id == run_id && inspection->marker &&
        inspection->marker->fence == fence && !inspection->marker->kept_memory) {
      at(node).doubts.OnFenced(missed, *inspection->marker);
    }
    inspections_.Hurry(node);  // to say so there
  });
}

void Fences::Forget(NodeId node, const std::string& hash, const std::string& field,
                    const std::string& number, const std::shared_ptr<void>& all) {
  context_.Send(
      node, redis::Command::Call(ForgetScript(), {hash}, {field, number}),
      [this, node, all](const absl::StatusOr<redis::Reply>&) { inspections_.Hurry(node); });
}

void Fences::ForgetOnAll(const std::string& hash, const std::string& field,
                         const std::string& number, const std::shared_ptr<void>& all) {
  for (const NodeId node : context_.all_nodes()) {
    if (context_.is_ready(node) && !inspections_.IsForeign(node)) {
      Forget(node, hash, field, number, all);
    }
  }
}

// Nodes that share no arcs with `node` are not waited for when it is made whole, though they may
// have stood in for it. `absent` was not there: what it holds is still to be brought.
bool Fences::WasMadeWholeWithout(NodeId node, NodeId absent) const {
  if (rules_.share_arcs[node.index()][absent.index()]) return false;
  const auto& inspection = inspections_.of(node);
  if (!inspection || !inspection->marker || !inspection->marker->whole) return true;  // as yet
  const absl::Time whole_since =
      absl::FromUnixMillis(inspection->marker->since_ms) - context_.status(node).clock_offset;
  return whole_since < inspections_.seen_at(absent) + kLiftTakes;
}

// Fences `node`, so that a resync brings what `holder` holds, once; whether that has been done.
bool Fences::HasRecalled(NodeId node, NodeId holder, const MissedOn& note) {
  const auto& inspection = inspections_.of(node);
  if (!inspection || !inspection->marker || !inspection->marker->whole) return false;
  // A note that was seen before it was removed proves nothing.
  if (!inspections_.IsAfterMarkerOf(holder, node)) return false;
  const FenceNumber fence = inspection->marker->fence;
  const auto recalled =
      at(holder).recalled.try_emplace(static_cast<uint16_t>(node.index()), fence).first;
  if (recalled->second != fence) return true;
  if (!at(node).fencing && context_.is_ready(node) && context_.now() >= at(node).not_before) {
    Fence(node, {FenceText(fence), note.note.since_ms}, MissCount{});
  }
  return false;
}

// What was forgotten everywhere else while this node could not be reached.
void Fences::ForgetSeenTo(NodeId node) {
  const std::shared_ptr<const Inspection> inspection = inspections_.of(node);
  for (const NodeId about : context_.all_nodes()) {
    const std::string& name = context_.name(about);
    const auto resolved = static_cast<uint64_t>(at(about).doubts.resolved());
    for (const MissedOn& missed : inspection->missed) {
      const bool ours = missed.about.coordinator == context_.self && missed.about.node == name;
      if (!ours || missed.note.number > resolved) continue;
      if (WasMadeWholeWithout(about, node) && !HasRecalled(about, node, missed)) continue;
      Forget(node, context_.keys.Missed(), MissedField(name, context_.self),
             std::to_string(resolved));
    }
    const auto& other = inspections_.of(about);
    if (!other || !other->marker) continue;
    const Marker& marker = *other->marker;
    if (!marker.whole || marker.run_id != other->run_id) continue;
    for (const DeclaredLost& lost : inspection->lost) {
      // Only where it was declared lost before it became whole.
      if (lost.name != name || lost.at_ms > marker.since_ms) continue;
      Forget(node, context_.keys.Lost(), name, std::to_string(marker.since_ms));
    }
  }
}

void Fences::DeclareLost(NodeId node, absl::AnyInvocable<void(absl::Status)> done) {
  auto written = std::make_shared<size_t>(0);  // shared by the replies
  const std::shared_ptr<void> all = AtLast([this, node, written, done = std::move(done)]() mutable {
    if (*written == 0) return done(absl::UnavailableError("no other server could be told"));
    context_.metrics.forsaken.Increment();
    spdlog::warn("data at risk: an operator gave the node up; what only it held is lost node={}",
                 context_.name(node));
    done(absl::OkStatus());
  });
  for (const NodeId other : context_.all_nodes()) {
    if (other == node || !context_.is_ready(other) || inspections_.IsForeign(other)) continue;
    context_.Send(other,
                  redis::Command::Of({"HSET", context_.keys.Lost(), context_.name(node),
                                      std::to_string(absl::ToUnixMillis(context_.clock.Now()))}),
                  [this, other, written, all](const absl::StatusOr<redis::Reply>& reply) {
                    if (reply.ok() && !reply->IsError()) ++*written;
                    inspections_.Hurry(other);
                  });
  }
}

}  // namespace kache
