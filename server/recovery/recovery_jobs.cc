// How a Recovery runs resyncs and sweeps: leases, beginning, end.
#include <algorithm>
#include <utility>

#include "server/recovery/recovery.h"
#include "server/recovery/recovery_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr absl::Duration kLeaseLife = absl::Seconds(8);
constexpr absl::Duration kLeaseKept = absl::Seconds(1);
constexpr absl::Duration kRetryResync = absl::Seconds(1);
// At most, before a fence is lifted.
constexpr absl::Duration kForgetTime = absl::Seconds(2);

}  // namespace

void Recovery::PumpJobs(MonotonicTime now) {
  if (absl::FromChrono(now - leases_kept_at_) >= kLeaseKept) {
    leases_kept_at_ = now;
    KeepLeases(now);
  }
  if (resync_) {
    YieldToOperations();
    resync_->Pump(now);
    NoteSources();
    if (lease_lost_) {
      EndResync(absl::AbortedError("another server has the lease"));
    } else if (resync_->finished() && !losses_.is_confirming()) {
      EndResync(resync_->status());
    }
    return;
  }
  if (!sweep_) return BeginSweepIfDue(now);
  sweep_->Pump(now);
  CountSweep();
  if (sweep_->finished() || lease_lost_ || !IsUp(sweep_->node())) EndSweep();
}

// One measurement at a time: on a busy machine they come less often, and each counts.
void Recovery::YieldToOperations() {
  if (std::exchange(measuring_wait_, true)) return;
  coordinator_.MeasureWait([this](absl::Duration wait) {
    loop_.PostFunction([this, wait] {
      measuring_wait_ = false;
      if (resync_rate_.OnWait(wait)) metrics_.resync_slowed.Increment();
      if (resync_) resync_->SetRate(resync_rate_.now());
    });
  });
}

// Leases, progress and cursors are written together.
void Recovery::KeepLeases(MonotonicTime now) {
  if (resync_) {
    const NodeId node = resync_->plan().node;
    const Resync::Progress progress = resync_->progress(now);
    metrics_.resync_left[node.index()]->Set(static_cast<double>(progress.left));
    Send(node,
         redis::Command::Of({"HSET", keys_.ResyncProgress(), "done", std::to_string(progress.done),
                             "left", std::to_string(progress.left), "per_second",
                             std::to_string(static_cast<uint64_t>(progress.per_second))}),
         [](const absl::StatusOr<redis::Reply>&) {});
  }
  if (sweep_ && !sweep_->finished()) {
    Send(sweep_->node(),
         redis::Command::Of({"HSET", keys_.Sweep(), "cursor", sweep_->safe_cursor()}),
         [](const absl::StatusOr<redis::Reply>&) {});
  }
  if (!resync_ && !sweep_) return;
  const NodeId node = resync_ ? resync_->plan().node : sweep_->node();
  const std::string lease = resync_ ? keys_.ResyncLease() : keys_.SweepLease();
  Lease(node, lease, kLeaseLife, [this](bool kept) { lease_lost_ |= !kept; });
}

// Told only of answers: while there is none, the lease may well be kept.
void Recovery::Lease(NodeId node, const std::string& lease, absl::Duration life,
                     absl::AnyInvocable<void(bool has_it)> done) {
  Send(node,
       redis::Command::Call(
           LeaseScript(), {lease},
           {CoordinatorText(self_), std::to_string(absl::ToInt64Milliseconds(life))}),
       [this, node, done = std::move(done)](const absl::StatusOr<redis::Reply>& reply) mutable {
         if (!reply.ok()) return;
         if (reply->IsError()) return NoteRefusal(node, "a lease could not be taken", reply);
         done(reply->integer == 1);
       });
}

bool Recovery::MayResync(const Evidence& evidence, NodeId node) {
  Node& it = at(node);
  if (!it.look || !it.look->marker || !evidence.nodes[node.index()].look) return false;
  const Marker& marker = *it.look->marker;
  const bool fenced = !marker.whole && marker.ring == fingerprint_ && marker.name == name(node) &&
                      marker.run_id == it.look->run_id;
  if (!fenced) return false;
  it.waiting_for = ResyncBlockedBy(evidence, node.index());
  if (!it.waiting_for.empty()) return false;
  // The node becomes whole only once all that may hold what it lacks have been heard. What the
  // others hold is brought at once: until then it may have no other copy.
  if (const std::optional<NodeId> missing = MissingSource(node)) {
    it.waiting_for = "node " + name(*missing);
    if (PlanResync(node).sources.empty()) return false;
  }
  if (resync_ || status(node).refuses_writes) return false;
  if (it.look->resync_holder && *it.look->resync_holder != self_) return false;
  return IsCurrent(node) && clock_.Monotonic() >= it.resync_not_before;
}

// A node that may hold what `node` lacks, and cannot be reached. Requires: `node` has a marker.
std::optional<NodeId> Recovery::MissingSource(NodeId node) const {
  const bool from_all = nodes_[node.index()].look->marker->from_all;
  for (const NodeId other : AllNodes()) {
    if (other == node || nodes_[other.index()].look) continue;
    if (!from_all && !share_arcs_[node.index()][other.index()]) continue;
    const bool forsaken = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& each) {
      return each.look && std::find(each.look->forsaken.begin(), each.look->forsaken.end(),
                                    name(other)) != each.look->forsaken.end();
    });
    if (!forsaken) return other;
  }
  return std::nullopt;
}

void Recovery::BeginResync(NodeId node) {
  Node& it = at(node);
  it.resync_not_before = clock_.Monotonic() + absl::ToChronoNanoseconds(kRetryResync);
  const uint64_t sync = it.look->marker->sync;
  Lease(node, keys_.ResyncLease(), kLeaseLife, [this, node, sync](bool taken) {
    at(node).look_due = true;
    // All may have changed meanwhile; then it is begun when it is judged again.
    const std::optional<Look>& look = at(node).look;
    if (resync_) at(node).resync_not_before = clock_.Monotonic();  // as soon as that one has ended
    if (!taken || resync_ || !look || !look->marker || look->marker->sync != sync) return;
    if (sweep_) EndSweep();
    lease_lost_ = false;
    noted_sources_ = 0;
    resync_notes_ = NotesOfTheDead(node);
    resync_ = std::make_unique<Resync>(
        PlanResync(node), Clients(), keys_.data_prefix(), MakeCopyRules(), *ring_,
        [this](NodeId each) { return IsUp(each); }, resync_rate_.now());
    spdlog::info("resync begins node={} sync={} sources={}", name(node), sync,
                 resync_->plan().sources.size());
  });
}

// So that neither a later attempt nor another coordinator has to bring them again.
void Recovery::NoteSources() {
  const Resync::Plan& plan = resync_->plan();
  while (noted_sources_ < resync_->sources_done()) {
    const Resync::Source& source = plan.sources[noted_sources_++];
    const std::optional<Look>& look = at(source.node).look;
    const bool still_whole = source.whole && look && look->run_id == source.run_id &&
                             look->marker && look->marker->whole;
    if (!still_whole || source.distrust_before_ms > 0) {  // Not all of it was brought.
      Node& node = at(plan.node);
      if (std::exchange(node.brought_for, plan.sync) != plan.sync) node.brought_run_ids.clear();
      node.brought_run_ids.push_back(source.run_id);
      continue;
    }
    Send(plan.node,
         redis::Command::Call(NoteSourceScript(),
                              {keys_.Marker(), keys_.ResyncLease(), keys_.ResyncProgress()},
                              {plan.run_id, std::to_string(plan.sync), CoordinatorText(self_),
                               name(source.node), source.run_id}),
         [this, node = plan.node](const absl::StatusOr<redis::Reply>&) {
           at(node).look_due = true;
         });
  }
}

CopyRules Recovery::MakeCopyRules() const {
  return {config_.tombstone_ttl, config_.max_write_age, &clock_,
          [this](NodeId node) { return status(node).clock_offset; },
          [this](NodeId node, redis::ErrorKind kind) { monitor_.OnWriteRefused(node, kind); }};
}

std::vector<MissedOn> Recovery::NotesOfTheDead(NodeId node) const {
  const std::vector<uint64_t> living = LivingCoordinators(MakeEvidence());
  std::vector<MissedOn> notes;
  for (const Node& each : nodes_) {
    if (!each.look) continue;
    for (const MissedOn& note : each.look->missed) {
      const bool lives =
          std::find(living.begin(), living.end(), note.about.coordinator) != living.end();
      if (!lives && note.about.node == name(node)) notes.push_back(note);
    }
  }
  return notes;
}

Resync::Plan Recovery::PlanResync(NodeId node) const {
  const Node& it = nodes_[node.index()];
  const Marker& marker = *it.look->marker;
  const int64_t tombstone_ms = absl::ToInt64Milliseconds(config_.tombstone_ttl);
  // An absence of half a tombstone's life already is dealt with as a long one: the resync itself
  // takes time.
  const auto is_long = [&](const Marker& each, int64_t now_ms) {
    return !each.whole && each.away_ms > 0 && now_ms - each.away_ms > tombstone_ms / 2;
  };
  Resync::Plan plan;
  plan.node = node;
  plan.sync = marker.sync;
  plan.run_id = marker.run_id;
  plan.homes = homes_;
  plan.complete = !MissingSource(node);
  // What a coordinator that has died left undone since may be missing from what was brought before:
  // the last resync then brings all again.
  const bool resumes = !plan.complete || NotesOfTheDead(node).empty();
  PrunePlan prune{node, marker.away_ms, std::vector<bool>(nodes_.size(), false),
                  std::vector<bool>(nodes_.size(), false)};
  const int64_t skew_ms = absl::ToInt64Milliseconds(config_.max_clock_skew);
  for (const NodeId other : AllNodes()) {
    const std::optional<Look>& look = nodes_[other.index()].look;
    if (other == node || !look || !look->marker) continue;
    const bool brought = resumes && HasBroughtFrom(*it.look, name(other), look->run_id);
    const bool distrusted = is_long(*look->marker, look->now_ms);
    const bool in_part = it.brought_for == marker.sync &&
                         std::find(it.brought_run_ids.begin(), it.brought_run_ids.end(),
                                   look->run_id) != it.brought_run_ids.end();
    if (!brought && (plan.complete || (!distrusted && !in_part))) {
      plan.sources.push_back({.node = other,
                              .run_id = look->run_id,
                              .keys = look->keys,
                              .whole = look->marker->whole && look->marker->run_id == look->run_id,
                              .distrust_before_ms = distrusted ? look->marker->away_ms : 0});
    }
    prune.reachable[other.index()] = true;
    prune.up_throughout[other.index()] =
        IsUp(other) && look->marker->whole && look->marker->since_ms + skew_ms <= marker.away_ms;
  }
  if (plan.complete && is_long(marker, it.look->now_ms)) plan.prune = std::move(prune);
  return plan;
}

void Recovery::EndResync(absl::Status status) {
  NoteSources();
  const Resync::Plan plan = resync_->plan();
  const Resync::Progress progress = resync_->progress(clock_.Monotonic());
  resync_.reset();
  lease_lost_ = false;
  metrics_.resync_left[plan.node.index()]->Set(0);
  metrics_.resync_copied.Increment(static_cast<double>(progress.copied));
  metrics_.resync_removed.Increment(static_cast<double>(progress.pruned));
  Node& it = at(plan.node);
  it.look_due = true;
  // Also where all went well: until the next look, the node still seems to be syncing.
  it.resync_not_before = clock_.Monotonic() + absl::ToChronoNanoseconds(kRetryResync);
  if (!status.ok()) {
    metrics_.resyncs_failed[plan.node.index()]->Increment();
    spdlog::warn("resync broke off; it is tried again node={} sync={} copied={} error=\"{}\"",
                 name(plan.node), plan.sync, progress.copied, std::string(status.message()));
    return;
  }
  spdlog::info("resync is through node={} sync={} records={} copied={} removed={} complete={}",
               name(plan.node), plan.sync, progress.done, progress.copied, progress.pruned,
               plan.complete);
  if (!plan.complete) {
    return Lease(plan.node, keys_.ResyncLease(), absl::ZeroDuration(), [](bool) {});
  }
  // While the fence still stands: a note that is seen beside a whole marker makes somebody fence
  // the node again.
  if (!resync_notes_.empty()) it.resync_not_before += absl::ToChronoNanoseconds(kForgetTime);
  ForgetNotes(std::exchange(resync_notes_, {}), [this, plan] { Lift(plan); });
}

// Of coordinators that are gone; those of living ones are theirs to remove. `done` is called when
// all nodes that are ready have answered, or failed to.
void Recovery::ForgetNotes(const std::vector<MissedOn>& notes, absl::AnyInvocable<void()> done) {
  struct Waiting {
    size_t count = 1;
    absl::AnyInvocable<void()> done;
    void OneLess() {
      if (--count == 0) done();
    }
  };
  auto waiting = std::make_shared<Waiting>();  // shared by the replies
  waiting->done = std::move(done);
  for (const MissedOn& note : notes) {
    for (const NodeId node : AllNodes()) {
      if (!IsReady(node)) continue;
      ++waiting->count;
      Forget(node, keys_.Missed(), MissedField(note.about.node, note.about.coordinator),
             std::to_string(note.note.number), [waiting] { waiting->OneLess(); });
    }
  }
  waiting->OneLess();
}

void Recovery::Lift(const Resync::Plan& plan) {
  if (stopping_) return;
  Send(plan.node,
       redis::Command::Call(LiftScript(),
                            {keys_.Marker(), keys_.ResyncLease(), keys_.ResyncProgress()},
                            {plan.run_id, std::to_string(plan.sync), CoordinatorText(self_)}),
       [this, node = plan.node](const absl::StatusOr<redis::Reply>& reply) {
         OnLifted(node, reply);
       });
}

void Recovery::OnLifted(NodeId node, const absl::StatusOr<redis::Reply>& reply) {
  at(node).look_due = true;
  if (reply.ok() && reply->IsError()) NoteRefusal(node, "a fence could not be lifted", reply);
  if (!reply.ok() || reply->integer != 1) {
    metrics_.resyncs_failed[node.index()]->Increment();
    spdlog::info("a later fence stands: the node is resynchronised again node={}", name(node));
    return;
  }
  metrics_.resyncs_done[node.index()]->Increment();
  ForgetOnAll(keys_.Forsaken(), name(node), "");
  DemandSweep();
}

void Recovery::DemandSweep() {
  for (const NodeId node : AllNodes()) {
    if (!IsReady(node)) continue;
    Send(node, redis::Command::Of({"HSET", keys_.Sweep(), "due", "1"}),
         [this, node](const absl::StatusOr<redis::Reply>&) { at(node).look_due = true; });
  }
}

bool Recovery::IsSweepDue(const Node& node) const {
  if (!node.look || node.look->sweep_holder.value_or(self_) != self_) return false;
  if (node.look->sweep_due) return true;
  return node.look->now_ms - node.look->swept_ms >=
         absl::ToInt64Milliseconds(config_.sweep_interval);
}

void Recovery::BeginSweepIfDue(MonotonicTime now) {
  for (const NodeId node : AllNodes()) {
    if (!IsSweepDue(at(node)) || !IsUp(node) || now < at(node).sweep_not_before) continue;
    at(node).sweep_not_before = now + absl::ToChronoNanoseconds(kRetryResync);
    Lease(node, keys_.SweepLease(), kLeaseLife, [this, node](bool taken) {
      at(node).look_due = true;
      if (taken && !resync_ && !sweep_ && at(node).look) BeginSweep(node);
    });
    return;
  }
}

void Recovery::BeginSweep(NodeId node) {
  Look& look = *at(node).look;
  lease_lost_ = false;
  const double within_interval =
      2.0 * static_cast<double>(look.keys) / absl::ToDoubleSeconds(config_.sweep_interval);
  // One that is demanded goes through all; else what was broken off is gone on with.
  const bool from_start = look.sweep_due || look.sweep_cursor.empty();
  sweep_ = std::make_unique<Sweep>(
      node, from_start ? "0" : look.sweep_cursor, Clients(), keys_.data_prefix(), MakeCopyRules(),
      *ring_, homes_, [this](NodeId each) { return IsUp(each); },
      std::max<double>(config_.sweep_keys_per_second, within_interval));
  // Demanded again while it is under way, the node is swept again.
  look.sweep_due = false;
  Send(node, redis::Command::Of({"HDEL", keys_.Sweep(), "due"}),
       [](const absl::StatusOr<redis::Reply>&) {});
}

void Recovery::CountSweep() {
  const Sweep::Found found = sweep_->TakeFound();
  metrics_.sweep_repaired.Increment(static_cast<double>(found.repaired));
  metrics_.sweep_removed.Increment(static_cast<double>(found.removed));
}

void Recovery::EndSweep() {
  CountSweep();
  const NodeId node = sweep_->node();
  const bool done = sweep_->finished() && sweep_->status().ok();
  const std::string message(sweep_->status().message());
  sweep_.reset();
  lease_lost_ = false;
  at(node).look_due = true;
  (done ? metrics_.sweeps : metrics_.sweeps_failed).Increment();
  if (!IsReady(node)) return;
  if (done) {
    Node& it = at(node);
    if (it.look) it.look->swept_ms = it.look->now_ms;
    const int64_t swept_ms = absl::ToUnixMillis(clock_.Now());
    Send(node,
         redis::Command::Of(
             {"HSET", keys_.Sweep(), "swept", std::to_string(swept_ms), "cursor", ""}),
         [](const absl::StatusOr<redis::Reply>&) {});
  } else {
    at(node).sweep_not_before = clock_.Monotonic() + absl::ToChronoNanoseconds(kRetryResync);
    spdlog::debug("a sweep broke off node={} error=\"{}\"", name(node), message);
    Send(node, redis::Command::Of({"HSET", keys_.Sweep(), "due", "1"}),
         [](const absl::StatusOr<redis::Reply>&) {});
  }
  Lease(node, keys_.SweepLease(), absl::ZeroDuration(), [](bool) {});
}

}  // namespace kache
