// What a ResyncJob keeps on the node that it resyncs, so that others see it, and can go on with it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/lease.h"
#include "server/recovery/resync_job.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

// How often.
constexpr absl::Duration kQuietMeasured = absl::Seconds(1);
constexpr absl::Duration kCheckpointNoted = absl::Milliseconds(100);

}  // namespace

// One measurement at a time: on a busy machine they come less often, and each counts.
void ResyncJob::YieldToOperations() {
  if (std::exchange(measuring_, true)) return;
  context_.data_path.MeasureLatency([this](absl::Duration latency) {
    measuring_ = false;
    if (!resync_) return;
    if (rate_.OnLatency(latency)) context_.metrics.resync_slowed.Increment();
    resync_->SetRate(rate_.now());
  });
}

// While a node is not UP, another coordinator may resync it.
void ResyncJob::MeasureQuiet(MonotonicTime now) {
  if (measuring_ || absl::FromChrono(now - quiet_measured_at_) < kQuietMeasured) return;
  const auto is_up = [this](NodeId node) { return context_.is_up(node); };
  const std::vector<NodeId> nodes = context_.all_nodes();
  if (!std::all_of(nodes.begin(), nodes.end(), is_up)) return;
  quiet_measured_at_ = now;
  measuring_ = true;
  context_.data_path.MeasureLatency([this](absl::Duration latency) {
    measuring_ = false;
    if (!resync_) rate_.OnQuiet(latency);
  });
}

// Lease and progress are written together.
void ResyncJob::KeepLease(MonotonicTime now) {
  if (!resync_) return;
  if (MayGoByHintsNow(resync_->plan())) {
    return End(absl::AbortedError("all others can be asked now: hints name what it missed"));
  }
  const NodeId node = resync_->plan().node;
  const Resync::Progress progress = resync_->progress(now);
  context_.metrics.resync_left[node.index()]->Set(static_cast<double>(progress.left));
  context_.Send(node,
                redis::Command::Of({"HSET", context_.keys.ResyncProgress(), "done",
                                    std::to_string(progress.done), "left",
                                    std::to_string(progress.left), "per_second",
                                    std::to_string(static_cast<uint64_t>(progress.per_second))}));
  TakeLease(context_, node, context_.keys.ResyncLease(),
            [this](bool kept) { lease_lost_ |= !kept; });
}

// So that neither a later attempt nor another coordinator has to bring them again.
void ResyncJob::NoteSources() {
  const ResyncPlan& plan = resync_->plan();
  while (noted_sources_ < resync_->sources_done()) {
    const ResyncSource& source = plan.sources[noted_sources_++];
    if (plan.by_hints) continue;  // Not all of it was brought, nor is that noted anywhere.
    const auto& inspection = inspections_.of(source.node);
    const bool still_whole = source.whole && inspection && inspection->run_id == source.run_id &&
                             inspection->marker && inspection->marker->whole;
    // Not all of it was brought; or what the node misses later would not be noticed, where a later
    // comparison drops the hints.
    if (!still_whole || source.distrusted || !plan.hints_were_reset) {
      Node& node = at(plan.node);
      if (std::exchange(node.brought_for, plan.fence) != plan.fence) node.brought_in_part.clear();
      node.brought_in_part.push_back(source.run_id);
      continue;
    }
    // For what it makes up for.
    if (MayNoteCheckpoints(plan, source)) SendCheckpoint(plan, source, source.checkpoint);
    context_.Send(
        plan.node,
        redis::Command::Call(
            NoteSourceScript(),
            {context_.keys.Marker(), context_.keys.ResyncLease(), context_.keys.ResyncProgress()},
            {plan.run_id, FenceText(plan.fence), CoordinatorText(context_.self),
             context_.name(source.node), source.run_id}),
        [this, node = plan.node](const absl::StatusOr<redis::Reply>&) {
          inspections_.Hurry(node);
        });
  }
}

// See resync_resume.h.
bool ResyncJob::MayNoteCheckpoints(const ResyncPlan& plan, const ResyncSource& source) const {
  return plan.hints_were_reset && !plan.takes_misplaced && source.whole && !source.distrusted;
}

void ResyncJob::NoteCheckpointInTime(MonotonicTime now) {
  if (absl::FromChrono(now - checkpoint_noted_at_) < kCheckpointNoted) return;
  checkpoint_noted_at_ = now;
  NoteCheckpoint();
}

void ResyncJob::NoteCheckpoint() {
  const std::optional<ResyncCheckpoint> checkpoint = resync_->checkpoint();
  if (!checkpoint) return;
  const ResyncPlan& plan = resync_->plan();
  const ResyncSource& source = plan.sources[resync_->sources_done()];
  if (MayNoteCheckpoints(plan, source)) SendCheckpoint(plan, source, *checkpoint);
}

void ResyncJob::SendCheckpoint(const ResyncPlan& plan, const ResyncSource& source,
                               const ResyncCheckpoint& checkpoint) {
  context_.Send(plan.node, redis::Command::Call(
                               NoteCheckpointScript(),
                               {context_.keys.Marker(), context_.keys.ResyncLease(),
                                context_.keys.ResyncProgress()},
                               {plan.run_id, FenceText(plan.fence), CoordinatorText(context_.self),
                                context_.name(source.node), CheckpointText(checkpoint)}));
}

void ResyncJob::LogWaiting(NodeId node) {
  Node& it = at(node);
  if (it.waiting_for.empty()) return it.logged_waiting_for.clear();
  if (!it.waiting_for.starts_with(kForNode) || it.waiting_for == it.logged_waiting_for) return;
  it.logged_waiting_for = it.waiting_for;
  spdlog::info(
      "the node stays SYNCING until another is back that may hold what it lacks node={} "
      "waits_for=\"{}\"",
      context_.name(node), it.waiting_for);
}

}  // namespace kache
