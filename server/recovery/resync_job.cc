#include "server/recovery/resync_job.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/at_last.h"
#include "server/recovery/copy_rules.h"
#include "server/recovery/hint_commands.h"
#include "server/recovery/judge.h"
#include "server/recovery/lease.h"
#include "server/recovery/refusal.h"
#include "server/recovery/resync_resume.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

// A node that kept its memory is brought what hints name, once all others can be asked. Where one
// of them stays away for so long, the node is compared with the rest meanwhile.
constexpr absl::Duration kPeersAwaited = absl::Seconds(10);

// Between two attempts that end with an error, and come no further.
constexpr absl::Duration kLongestBackoff = absl::Seconds(30);

}  // namespace

ResyncJob::ResyncJob(RecoveryContext& context, Inspections& inspections, const ResyncRules& rules,
                     Hooks hooks)
    : context_(context),
      inspections_(inspections),
      rules_(rules),
      hooks_(std::move(hooks)),
      nodes_(context.nodes()),
      rate_(context.config.resync_keys_per_second) {}

void ResyncJob::RetryLater(NodeId node) { at(node).not_before = context_.retry_at(); }

// A comparison that has come further is tried again soon, as it goes on there; and one for another
// fence.
void ResyncJob::BackOff(NodeId node, FenceNumber fence, bool has_advanced) {
  Node& it = at(node);
  if (std::exchange(it.failed_for, fence) != fence || has_advanced) {
    it.backoff = RecoveryContext::kRetry;
  }
  it.not_before = context_.now() + absl::ToChronoNanoseconds(it.backoff);
  it.backoff = std::min(2 * it.backoff, kLongestBackoff);
}

ResyncPlan ResyncJob::Plan(const Evidence& evidence, NodeId node) const {
  const FenceNumber fence = evidence.nodes[node.index()].inspection->marker->fence;
  return PlanResync(evidence, rules_, node, BroughtInPart(node, fence));
}

const std::vector<std::string>& ResyncJob::BroughtInPart(NodeId node, FenceNumber fence) const {
  static const std::vector<std::string> kNone;
  const Node& it = nodes_[node.index()];
  return it.brought_for == fence ? it.brought_in_part : kNone;
}

// Once all its sources were brought: whether the node has all that it may have now.
bool ResyncJob::IsComplete(const ResyncPlan& plan) const {
  if (!plan.complete) return false;
  const Evidence evidence = hooks_.evidence();
  return !NeedsResync(evidence, plan.node) ||
         !HasFurtherWork(evidence, rules_, plan, BroughtInPart(plan.node, plan.fence));
}

void ResyncJob::BeginIfPossible(const Evidence& evidence, NodeId node) {
  at(node).waiting_for.clear();
  if (NeedsResync(evidence, node) && MayBegin(evidence, node)) Begin(node);
  LogWaiting(node);
}

bool ResyncJob::MayBegin(const Evidence& evidence, NodeId node) {
  Node& it = at(node);
  it.waiting_for = CoordinatorWaitedFor(evidence, node);
  if (!it.waiting_for.empty()) return false;
  // The node becomes whole only once all that may hold what it lacks have been heard. What the
  // others hold is brought at once: until then it may have no other copy.
  if (const std::optional<NodeId> missing = MissingSource(evidence, rules_, node)) {
    it.waiting_for = Concat(kForNode, context_.name(*missing));
    if (Plan(evidence, node).sources.empty()) return false;
    const Inspection& inspection = *evidence.nodes[node.index()].inspection;
    const absl::Duration fenced =
        absl::Milliseconds(inspection.now_ms - inspection.marker->since_ms);
    if (inspection.marker->kept_memory && fenced < kPeersAwaited) return false;
  }
  if (is_active()) return false;
  if (evidence.nodes[node.index()].inspection->marker->kept_memory &&
      AwaitsBurial(evidence, node)) {
    return false;
  }
  const NodeEvidence& known = evidence.nodes[node.index()];
  if (known.inspection->resync_holder.value_or(context_.self) != context_.self) return false;
  if (known.refuses_writes) return false;
  return known.is_current && known.is_ready && context_.now() >= it.not_before;
}

void ResyncJob::Begin(NodeId node) {
  RetryLater(node);
  const FenceNumber fence = inspections_.of(node)->marker->fence;
  TakeLease(context_, node, context_.keys.ResyncLease(), [this, node, fence](bool taken) {
    inspections_.Hurry(node);
    // All may have changed meanwhile; then it is begun when it is judged again.
    if (is_active()) at(node).not_before = context_.now();  // as soon as that one has ended
    const Evidence evidence = hooks_.evidence();
    if (!taken || is_active() || abandoned_ || !NeedsResync(evidence, node)) return;
    if (evidence.nodes[node.index()].inspection->marker->fence != fence) return;
    hooks_.on_begin();
    lease_lost_ = false;
    notes_of_dead_ = NotesOfTheDead(evidence, node);
    ResyncPlan plan = Plan(evidence, node);
    plan.job = Concat(CoordinatorText(context_.self), ":", ++jobs_);
    if (MayGoByHints(evidence, plan)) {
      BringAll(plan);
      return BeginByHints(std::move(plan));
    }
    // Once the others are back, a later resync may go by hints.
    const bool kept_memory = evidence.nodes[node.index()].inspection->marker->kept_memory;
    if (kept_memory && !plan.complete) return Start(std::move(plan));
    BeginComparison(std::move(plan));
  });
}

void ResyncJob::BeginByHints(ResyncPlan plan) {
  preparing_ = true;
  const Evidence evidence = hooks_.evidence();
  // Hints that stand on a node that lost its memory, or is another cluster's, bind nobody.
  for (ResyncSource& source : plan.sources) {
    const NodeEvidence& it = evidence.nodes[source.node.index()];
    // What was read in place was there when all had drained. What is missed since makes a fence.
    source.has_nothing = source.in_place || (it.inspection && !HasRightMarker(evidence, it));
  }
  TakeAllHints(context_, plan, [this, plan](const AllTaken& taken) { OnHintsTaken(plan, taken); });
}

// A hint set that was evicted, or too large, leaves nothing but to compare all: then the memory of
// the node counts as lost, until that has been done.
void ResyncJob::OnHintsTaken(ResyncPlan plan, const AllTaken& taken) {
  if (!GoesOn()) return;
  const Evidence evidence = hooks_.evidence();
  const bool all_told = std::find(taken.begin(), taken.end(), std::nullopt) == taken.end();
  const bool fits =
      all_told && StillStands(evidence, plan) && MayGoByHints(evidence, Plan(evidence, plan.node));
  bool missing = false;
  for (size_t i = 0; i < taken.size() && fits; ++i) {
    const auto& source = evidence.nodes[plan.sources[i].node.index()].inspection;
    // Redis may have evicted the set and the note together.
    const bool may_be_evicted = taken[i] == TakenHints::kNone && source && source->evicts;
    missing |= taken[i] == TakenHints::kOverflow || may_be_evicted;
    SetHints(context_, plan, i, *taken[i]);
  }
  if (fits && !missing) {
    plan.by_hints = true;
    return Start(std::move(plan));
  }
  GiveLeaseBack(context_, plan.node, context_.keys.ResyncLease());
  if (missing) OnHintsMissing(plan.node);
}

void ResyncJob::OnHintsMissing(NodeId node) {
  context_.metrics.hint_overflows[node.index()]->Increment();
  spdlog::info("hints are missing: the node is compared with all others node={}",
               context_.name(node));
  hooks_.fence_lost(node);
}

// What is missed from now on is hinted from now on; what was missed before is found by comparing.
void ResyncJob::BeginComparison(ResyncPlan plan) {
  preparing_ = true;
  const std::vector<NodeId> holders = HintHolders(hooks_.evidence(), plan.node);
  ResetAllHints(context_, plan, holders, [this, plan](bool all) mutable {
    if (!GoesOn() || !StillStands(hooks_.evidence(), plan)) return;
    plan.hints_were_reset = all;
    if (!all) BringAll(plan);
    Start(std::move(plan));
  });
}

bool ResyncJob::StillStands(const Evidence& evidence, const ResyncPlan& plan) const {
  if (!NeedsResync(evidence, plan.node)) return false;
  const Marker& marker = *evidence.nodes[plan.node.index()].inspection->marker;
  return marker.fence == plan.fence && marker.run_id == plan.run_id;
}

void ResyncJob::Start(ResyncPlan plan) {
  noted_sources_ = 0;
  spdlog::info("resync begins node={} fence={} sources={} by_hints={} goes_on={}",
               context_.name(plan.node), FenceText(plan.fence), plan.sources.size(), plan.by_hints,
               HasBegunBefore(plan));
  resync_ = std::make_unique<Resync>(
      std::move(plan), context_.clients, context_.keys.data_prefix(), MakeCopyRules(context_),
      *context_.ring, [this](NodeId node) { return context_.is_up(node); }, rate_.now());
}

void ResyncJob::Pump(MonotonicTime now, bool may_end) {
  if (!resync_) return;
  YieldToOperations();
  resync_->Pump(now);
  NoteSources();
  NoteCheckpointInTime(now);
  if (lease_lost_) return End(absl::AbortedError("another server has the lease"));
  if (resync_->finished() && may_end) End(resync_->status());
}

// Of one that began without a peer that is back by now.
bool ResyncJob::MayGoByHintsNow(const ResyncPlan& plan) const {
  if (plan.complete || plan.by_hints || plan.hints_were_reset) return false;
  const Evidence evidence = hooks_.evidence();
  return StillStands(evidence, plan) && MayGoByHints(evidence, Plan(evidence, plan.node));
}

void ResyncJob::BreakOff() {
  broken_off_ |= preparing_;
  if (resync_) End(absl::AbortedError("this process stood still"));
}

bool ResyncJob::GoesOn() {
  if (abandoned_) return false;
  preparing_ = false;
  return !std::exchange(broken_off_, false);
}

void ResyncJob::End(const absl::Status& status) {
  NoteSources();
  NoteCheckpoint();
  const ResyncPlan plan = resync_->plan();
  const Resync::Progress progress = resync_->progress(context_.now());
  RecoveryMetrics& metrics = context_.metrics;
  metrics.resync_left[plan.node.index()]->Set(0);
  metrics.resync_seen.Increment(static_cast<double>(progress.done));
  metrics.resync_copied.Increment(static_cast<double>(progress.copied));
  metrics.resync_removed.Increment(static_cast<double>(progress.pruned));
  const std::string message(status.message());
  const bool done = status.ok();
  const bool backs_off = !done && !plan.by_hints && !absl::IsAborted(status);
  const bool has_advanced = plan.hints_were_reset && resync_->has_advanced();
  at(plan.node).sweep_after.insert(resync_->left_with().begin(), resync_->left_with().end());
  resync_.reset();  // and with it what `status` may refer to
  lease_lost_ = false;
  inspections_.Hurry(plan.node);
  // Also where all went well: until the next inspection, the node still seems to be syncing.
  RetryLater(plan.node);
  if (backs_off) BackOff(plan.node, plan.fence, has_advanced);
  if (!done) {
    metrics.resyncs_failed[plan.node.index()]->Increment();
    spdlog::warn("resync broke off; it is tried again node={} fence={} copied={} error=\"{}\"",
                 context_.name(plan.node), FenceText(plan.fence), progress.copied, message);
    return;
  }
  at(plan.node).failed_for = {};
  const bool complete = IsComplete(plan);
  spdlog::info("resync is through node={} fence={} records={} copied={} removed={} complete={}",
               context_.name(plan.node), FenceText(plan.fence), progress.done, progress.copied,
               progress.pruned, complete);
  if (!complete) {
    return GiveLeaseBack(context_, plan.node, context_.keys.ResyncLease());
  }
  // While the fence still stands: a note that is seen beside a whole marker makes somebody fence
  // the node again.
  at(plan.node).not_before += absl::ToChronoNanoseconds(RecoveryContext::kTimeout);
  if (plan.by_hints) {
    context_.metrics.hints_replayed[plan.node.index()]->Increment(
        static_cast<double>(progress.done));
    const bool replayed = std::any_of(plan.sources.begin(), plan.sources.end(),
                                      [](const ResyncSource& each) { return !each.has_nothing; });
    return replayed ? FinishHints(plan) : LiftAtLast(plan);
  }
  preparing_ = true;
  const Evidence evidence = hooks_.evidence();
  EndComparisons(context_, plan, HintHolders(evidence, plan.node), HintingCoordinators(evidence),
                 [this, plan] {
                   if (GoesOn()) LiftAtLast(plan);
                 });
}

// Removes the hints that were replayed, and looks for further ones: they came meanwhile, or stood
// beside those of a replay that had broken off. Once there are none, the fence is lifted. Where
// those that were taken are gone, some may have been evicted before they were read.
void ResyncJob::FinishHints(const ResyncPlan& plan) {
  preparing_ = true;
  FinishAllHints(context_, plan, [this, plan](const FinishedHints& finished) {
    if (!GoesOn()) return;
    const bool stands = StillStands(hooks_.evidence(), plan);
    if (stands && !finished.missing && !finished.failed) return BeginByHints(plan);
    GiveLeaseBack(context_, plan.node, context_.keys.ResyncLease());
    if (stands && finished.missing) OnHintsMissing(plan.node);
  });
}

void ResyncJob::LiftAtLast(const ResyncPlan& plan) {
  // Also of those who ended meanwhile.
  if (!plan.by_hints) notes_of_dead_ = NotesMadeUpFor(hooks_.evidence(), plan);
  ForgetNotesOfDead([this, plan] { Lift(plan); });
}

// They were seen to; those of living coordinators are theirs to remove.
void ResyncJob::ForgetNotesOfDead(absl::AnyInvocable<void()> done) {
  const std::shared_ptr<void> all = AtLast(std::move(done));
  for (const MissedOn& note : std::exchange(notes_of_dead_, {})) {
    hooks_.forget_on_all(context_.keys.Missed(),
                         MissedField(note.about.node, note.about.coordinator),
                         std::to_string(note.note.number), all);
  }
}

void ResyncJob::Lift(const ResyncPlan& plan) {
  if (!context_.is_ready(plan.node)) return;
  const KeySpace& keys = context_.keys;
  context_.Send(
      plan.node,
      redis::Command::Call(LiftScript(), {keys.Marker(), keys.ResyncLease(), keys.ResyncProgress()},
                           {plan.run_id, FenceText(plan.fence), CoordinatorText(context_.self),
                            std::to_string(absl::ToInt64Milliseconds(rules_.LongDoubt()))}),
      [this, node = plan.node](const absl::StatusOr<redis::Reply>& reply) {
        OnLifted(node, reply);
      });
}

void ResyncJob::OnLifted(NodeId node, const absl::StatusOr<redis::Reply>& reply) {
  inspections_.Hurry(node);
  RetryLater(node);
  if (!reply.ok() || reply->integer != 1) {
    context_.metrics.resyncs_failed[node.index()]->Increment();
    if (!reply.ok() || reply->IsError()) {
      return NoteRefusal(context_, node, "a fence could not be lifted", reply);
    }
    spdlog::info("a later fence stands: the node is resynchronised again node={}",
                 context_.name(node));
    return;
  }
  context_.metrics.resyncs_done[node.index()]->Increment();
  hooks_.forget_on_all(context_.keys.Lost(), context_.name(node), "", nullptr);
  for (const NodeId holder : std::exchange(at(node).sweep_after, {})) hooks_.demand_sweep(holder);
}

}  // namespace kache
