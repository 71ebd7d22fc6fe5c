#include "server/recovery/sweep_job.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/recovery/copy_rules.h"
#include "server/recovery/lease.h"
#include "server/recovery/sweep_schedule.h"
#include "spdlog/spdlog.h"

namespace kache {

SweepJob::SweepJob(RecoveryContext& context, Inspections& inspections, size_t homes, Hooks hooks)
    : context_(context),
      inspections_(inspections),
      homes_(homes),
      hooks_(std::move(hooks)),
      nodes_(context.nodes()) {}

void SweepJob::Pump(MonotonicTime now) {
  for (const NodeId node : context_.all_nodes()) TellDemand(node);
  if (!sweep_) return BeginNext(now);
  sweep_->Pump(now);
  Count();
  if (sweep_->finished() || lease_lost_ || !context_.is_up(sweep_->node())) End();
}

SweepLoad SweepJob::LoadOf(const Inspection& inspection) const {
  return {inspection.keys, context_.nodes(), hooks_.coordinators()};
}

double SweepJob::RateOf(const Inspection& inspection) const {
  const RecoveryConfig& config = context_.config;
  return SweepRate(LoadOf(inspection), config.sweep_interval, config.sweep_keys_per_second,
                   config.resync_keys_per_second);
}

void SweepJob::BeginNext(MonotonicTime now) {
  std::vector<SweepCandidate> candidates;
  for (const NodeId node : context_.all_nodes()) {
    const auto& inspection = inspections_.of(node);
    if (!inspection || inspection == at(node).out_of_date || !context_.is_up(node)) continue;
    if (now < at(node).not_before) continue;
    if (inspection->sweep_holder.value_or(context_.self) != context_.self) continue;
    const absl::Duration lead =
        std::clamp(SweepTime(LoadOf(*inspection), RateOf(*inspection)),
                   context_.config.sweep_interval / 10, context_.config.sweep_interval / 2);
    candidates.push_back({node, inspection->now_ms, inspection->swept_ms, inspection->sweep_due_ms,
                          absl::ToInt64Milliseconds(lead)});
  }
  const std::optional<NodeId> next = NextSweep(candidates, context_.config.sweep_interval);
  if (!next) return;
  at(*next).not_before = context_.retry_at();
  TakeLease(context_, *next, context_.keys.SweepLease(), [this, node = *next](bool taken) {
    inspections_.Hurry(node);
    if (taken && !sweep_ && hooks_.may_begin() && inspections_.of(node)) Begin(node);
  });
}

void SweepJob::Begin(NodeId node) {
  const std::shared_ptr<const Inspection> inspection = inspections_.of(node);
  lease_lost_ = false;
  // One that is demanded goes through all; else what was broken off is gone on with.
  const bool from_start = inspection->sweep_due_ms > 0 || inspection->sweep_cursor.empty();
  sweep_ = std::make_unique<Sweep>(
      node, from_start ? "0" : inspection->sweep_cursor, context_.clients,
      context_.keys.data_prefix(), MakeCopyRules(context_), *context_.ring, homes_,
      Sweep::View{[this](NodeId each) { return context_.is_up(each); }, hooks_.all_are_filled},
      RateOf(*inspection));
  if (inspection->sweep_due_ms == 0) return;
  // Demanded again while it is under way, the node is swept again; and where it is not finished.
  context_.Send(node, redis::Command::Of({"HSET", context_.keys.Sweep(), "begun_for",
                                          std::to_string(inspection->sweep_due_ms)}));
  context_.Send(node, redis::Command::Of({"HDEL", context_.keys.Sweep(), "due"}));
}

void SweepJob::Count() {
  const Sweep::Found found = sweep_->TakeFound();
  context_.metrics.sweep_repaired.Increment(static_cast<double>(found.repaired));
  context_.metrics.sweep_removed.Increment(static_cast<double>(found.removed));
}

void SweepJob::KeepLease() {
  if (!sweep_ || sweep_->finished()) return;
  context_.Send(sweep_->node(), redis::Command::Of({"HSET", context_.keys.Sweep(), "cursor",
                                                    sweep_->safe_cursor()}));
  TakeLease(context_, sweep_->node(), context_.keys.SweepLease(),
            [this](bool kept) { lease_lost_ |= !kept; });
}

void SweepJob::BreakOff() {
  if (sweep_) End();
}

void SweepJob::End() {
  Count();
  const NodeId node = sweep_->node();
  const bool done = sweep_->finished() && sweep_->status().ok();
  const std::string message(sweep_->status().message());
  const std::vector<NodeId> left_for = sweep_->left_for();
  sweep_.reset();
  lease_lost_ = false;
  inspections_.Hurry(node);
  at(node).out_of_date = inspections_.of(node);
  (done ? context_.metrics.sweeps : context_.metrics.sweeps_failed).Increment();
  if (!context_.is_ready(node)) return;
  const std::string now_ms = std::to_string(absl::ToUnixMillis(context_.clock.Now()));
  if (done) {
    context_.Send(
        node, redis::Command::Of({"HSET", context_.keys.Sweep(), "swept", now_ms, "cursor", ""}));
    context_.Send(node, redis::Command::Of({"HDEL", context_.keys.Sweep(), "begun_for"}));
    SweepAgainOnceUp(node, left_for);
  } else {
    at(node).not_before = context_.retry_at();
    spdlog::debug("a sweep broke off node={} error=\"{}\"", context_.name(node), message);
    context_.Send(node, redis::Command::Of({"HSETNX", context_.keys.Sweep(), "due", now_ms}));
  }
  GiveLeaseBack(context_, node, context_.keys.SweepLease());
}

void SweepJob::DemandAll() {
  for (const NodeId node : context_.all_nodes()) Demand(node);
}

void SweepJob::Demand(NodeId node) {
  at(node).is_demanded = true;
  TellDemand(node);
}

void SweepJob::TellDemand(NodeId node) {
  const Node& it = at(node);
  if (!it.is_demanded || it.demanding || context_.now() < it.tell_not_before) return;
  if (!context_.is_ready(node) || context_.status(node).refuses_writes) return;
  if (!inspections_.of(node) || inspections_.IsForeign(node)) return;
  at(node).demanding = true;
  const std::string now_ms = std::to_string(absl::ToUnixMillis(context_.clock.Now()));
  context_.Send(node, redis::Command::Of({"HSETNX", context_.keys.Sweep(), "due", now_ms}),
                [this, node](const absl::StatusOr<redis::Reply>& reply) {
                  inspections_.Hurry(node);
                  at(node).demanding = false;
                  at(node).is_demanded = !reply.ok() || reply->IsError();
                  if (at(node).is_demanded) at(node).tell_not_before = context_.retry_at();
                });
}

// A sweep of `swept` found copies for nodes that were not UP.
void SweepJob::SweepAgainOnceUp(NodeId swept, const std::vector<NodeId>& left_for) {
  for (const NodeId node : left_for) {
    if (context_.is_up(node)) return Demand(swept);
  }
  for (const NodeId node : left_for) {
    std::vector<NodeId>& holders = at(node).holders;
    if (std::find(holders.begin(), holders.end(), swept) == holders.end()) holders.push_back(swept);
  }
}

void SweepJob::OnUp(NodeId node) {
  for (const NodeId holder : std::exchange(at(node).holders, {})) Demand(holder);
}

}  // namespace kache
