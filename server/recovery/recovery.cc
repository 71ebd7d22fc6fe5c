#include "server/recovery/recovery.h"

#include <algorithm>
#include <utility>

#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/at_last.h"
#include "server/recovery/lease.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

ResyncRules MakeRules(const RecoveryContext& context) {
  const size_t homes = std::min<size_t>(context.config.replication_factor, context.nodes());
  return {ShareArcs(*context.ring, homes), homes, context.config.tombstone_ttl,
          context.config.max_clock_skew, context.config.max_write_age};
}

std::vector<NodeId> ByName(const RecoveryContext& context) {
  std::vector<NodeId> nodes = context.all_nodes();
  std::sort(nodes.begin(), nodes.end(),
            [&](NodeId a, NodeId b) { return context.name(a) < context.name(b); });
  return nodes;
}

}  // namespace

Recovery::Recovery(RecoveryContext context)
    : context_(std::move(context)),
      rules_(MakeRules(context_)),
      by_name_(ByName(context_)),
      conflicts_(by_name_, HeartbeatLimit(context_.config.check_interval)),
      ring_(context_.fingerprint, context_.nodes(), context_.config.accept_ring),
      inspections_(
          context_, [this](NodeId node) { return OrderFor(node); },
          [this](NodeId node) { OnInspected(node); }),
      sweeps_(context_, inspections_, rules_.homes,
              {.coordinators = [this] { return coordinators_; },
               .may_begin = [this] { return !resyncs_.is_active(); },
               .all_are_filled = [this] { return AllAreFilled(MakeEvidence()); }}),
      fences_(context_, inspections_, ring_, rules_, [this] { sweeps_.DemandAll(); }),
      resyncs_(context_, inspections_, rules_,
               {.evidence = [this] { return MakeEvidence(); },
                .on_begin = [this] { sweeps_.BreakOff(); },
                .demand_sweep = [this](NodeId node) { sweeps_.Demand(node); },
                .fence_lost = [this](NodeId node) { fences_.FenceLost(node); },
                .forget_on_all =
                    [this](const std::string& hash, const std::string& field,
                           const std::string& number, const std::shared_ptr<void>& all) {
                      fences_.ForgetOnAll(hash, field, number, all);
                    }}),
      reports_(context_, inspections_, resyncs_, rules_.homes),
      is_new_(context_.nodes(), false),
      started_(context_.now()),
      ticked_at_(started_) {
  if (context_.config.accept_ring) reports_.LogAcceptedChange();
}

void Recovery::Tick() {
  if (leaving_) return;
  const MonotonicTime now = context_.now();
  NoticeStandstill(now);
  inspections_.Tick();
  // A node whose first connection takes for ever must not hold up the start.
  const absl::Duration patience = 2 * context_.config.connect_timeout;
  if (!patience_over_ && absl::FromChrono(now - started_) >= patience) {
    patience_over_ = true;
    reconsider_ = true;
  }
  if (std::exchange(reconsider_, false)) Reconsider();
  PumpJobs(now);
}

// The others took this process for dead meanwhile, and no longer waited for what it had begun. Its
// leases have ended, and whom it believed may have slept since.
void Recovery::NoticeStandstill(MonotonicTime now) {
  const absl::Duration stood = absl::FromChrono(now - std::exchange(ticked_at_, now));
  if (stood > kLeaseLife) {
    resyncs_.BreakOff();
    sweeps_.BreakOff();
  }
  if (stood <= HeartbeatLimit(context_.config.check_interval)) return;
  spdlog::warn("this process stood still: all nodes are swept seconds={:.1f}",
               absl::ToDoubleSeconds(stood));
  sweeps_.DemandAll();
}

void Recovery::PumpJobs(MonotonicTime now) {
  if (absl::FromChrono(now - leases_kept_at_) >= kLeaseKept) {
    leases_kept_at_ = now;
    resyncs_.KeepLease(now);
    sweeps_.KeepLease();
  }
  if (resyncs_.is_active()) return resyncs_.Pump(now, !reports_.is_confirming_loss());
  resyncs_.MeasureQuiet(now);
  sweeps_.Pump(now);
}

InspectionOrder Recovery::OrderFor(NodeId node) const {
  InspectionOrder order;
  order.coordinator = context_.self;
  order.heartbeat.interval = context_.config.check_interval;
  order.heartbeat.ring = ring_.id();
  const auto& inspection = inspections_.of(node);
  const Doubts& doubts = fences_.doubts(node);
  if (inspection) order.heartbeat.drained = doubts.DrainedFor(inspection->run_id);
  order.heartbeat.drained_note = static_cast<uint64_t>(doubts.drained_misses());
  for (const NodeId each : by_name_) {
    order.heartbeat.reached.push_back(context_.status(each).connected ? inspections_.Reached(each)
                                                                      : ReachedProcess());
  }
  order.heartbeat.as_of = context_.clock.Now();
  order.not_whole = reports_.not_whole();
  order.hints_about = context_.ring->names();
  return order;
}

void Recovery::OnTopology(std::shared_ptr<const Topology> topology) {
  const std::shared_ptr<const Topology> before =
      std::exchange(context_.topology, std::move(topology));
  for (const NodeId node : context_.all_nodes()) {
    const NodeStatus& was = before->nodes[node.index()];
    const NodeStatus& is = context_.status(node);
    if (was.connection_changes != is.connection_changes || was.connected != is.connected ||
        was.missed != is.missed) {
      inspections_.Hurry(node);
    }
    fences_.NoteHintsLost(node, is.hints_lost);
    // One that returns may have been noted meanwhile, on any other.
    if (was.state != is.state) inspections_.HurryAll();
    if (was.state != NodeState::kUp && is.state == NodeState::kUp) sweeps_.OnUp(node);
    // While several processes answer under its name, none of them is the node.
    if (is.processes == ProcessAgreement::kOne) continue;
    inspections_.Lose(node);
    // The one that is left may lack what another took: of that nobody left hints.
    if (is.processes == ProcessAgreement::kSeveral) inspections_.DistrustMemory(node);
    reconsider_ |= was.processes != is.processes;
  }
}

void Recovery::OnDown(NodeId node) {
  if (leaving_) return;
  inspections_.Lose(node);
  fences_.OnDown(node);
  reconsider_ = true;
}

void Recovery::OnDeclaredLost() {
  if (leaving_ || declared_lost_) return;
  spdlog::error(
      "an operator declared this coordinator lost: the others no longer wait for it, so what it "
      "does counts no more. It ends; a new process may take its place coordinator={}",
      CoordinatorText(context_.self));
  declared_lost_ = leaving_ = true;
  resyncs_.Abandon();
  sweeps_.Abandon();
  context_.on_declared_lost();
}

void Recovery::OnInspected(NodeId node) {
  if (leaving_) return;
  if (const auto& inspection = inspections_.of(node)) {
    if (IsDeclaredLost(*inspection, context_.self)) return OnDeclaredLost();
    ring_.OnInspection(node.index(), *inspection);
    fences_.OnInspected(node);
    if (!inspections_.IsForeign(node)) hint_rights_.OnInspected(node, inspection->run_id);
    is_new_[node.index()] = true;
  }
  reconsider_ = true;
}

Evidence Recovery::MakeEvidence() const {
  Evidence evidence;
  evidence.self = context_.self;
  evidence.fingerprint = context_.fingerprint;
  evidence.ring = ring_.id();
  evidence.seen_marker = ring_.seen_marker();
  evidence.now_ms = absl::ToUnixMillis(context_.clock.Now());
  evidence.longest_doubt = context_.config.tombstone_ttl / 2;
  for (const NodeId node : context_.all_nodes()) {
    NodeEvidence each;
    each.name = context_.name(node);
    // A node that the data path can't reach, or that is another's duplicate, is none to judge by.
    const NodeStatus& status = context_.status(node);
    const bool tried = status.connected || status.connections_tried || patience_over_;
    each.attempted = (inspections_.attempted(node) || patience_over_) && tried;
    each.has_several = conflicts_.Stands(node);
    if (status.connected) each.reached = inspections_.Reached(node);
    if (status.connected && !each.has_several) each.inspection = inspections_.of(node);
    each.is_ready = context_.is_ready(node);
    each.is_up = status.state == NodeState::kUp;
    each.is_down = status.state == NodeState::kDown;
    each.is_duplicate = status.is_duplicate;
    each.takes_writes = status.takes_writes;
    each.refuses_writes = status.refuses_writes;
    each.accepts_ring = each.inspection && ring_.Accepts(node.index(), *each.inspection);
    each.clock_skewed = context_.clock.node_clock(node).skewed;
    each.clock_offset = context_.clock.node_clock(node).offset;
    inspections_.Describe(node, each);
    fences_.Describe(node, each);
    evidence.nodes.push_back(std::move(each));
  }
  return evidence;
}

// The connections are made anew meanwhile, as those to an old host that lives on would stay for
// ever.
void Recovery::ReconsiderProcesses() {
  for (const ProcessConflicts::Conflict& conflict :
       conflicts_.OnEvidence(MakeEvidence(), context_.now())) {
    spdlog::error(
        "several living Redis processes answer for one entry of REDIS_URLS, as coordinators reach "
        "it; the node is not used until all reach the same one. Give the entry the address of one "
        "server, and stop an old server that lives on node={} run_ids={}",
        context_.name(conflict.node), conflict.processes);
    inspections_.DistrustMemory(conflict.node);
    context_.monitor.OnMayLackWrites(conflict.node, conflict.since);
  }
  for (const NodeId node : context_.all_nodes()) {
    if (conflicts_.Stands(node)) context_.monitor.RequestReconnect(node);
  }
}

void Recovery::Reconsider() {
  ReconsiderProcesses();
  Evidence evidence = MakeEvidence();
  coordinators_ = LivingCoordinators(evidence).size();
  const bool all_tried = std::all_of(evidence.nodes.begin(), evidence.nodes.end(),
                                     [](const NodeEvidence& node) { return node.attempted; });
  if (all_tried) {
    std::vector<std::shared_ptr<const Inspection>> inspections;
    for (const NodeEvidence& node : evidence.nodes) inspections.push_back(node.inspection);
    ring_.OnAllInspected(inspections, context_.clock.Now());
    evidence.ring = ring_.id();
  }
  const std::vector<Assessment> assessments = Judge(evidence);
  const std::string not_whole = reports_.not_whole();
  reports_.Publish(evidence, assessments);
  if (reports_.not_whole() != not_whole) inspections_.HurryAll();  // to say so there
  if (!all_tried) return;
  context_.clock.Serve();
  for (const NodeId node : context_.all_nodes()) {
    if (is_new_[node.index()]) {
      is_new_[node.index()] = false;
      fences_.UpdateNode(evidence, node);
    }
    const Assessment& assessment = assessments[node.index()];
    if (evidence.nodes[node.index()].inspection) fences_.Act(evidence, node, assessment);
    if (assessment.verdict == Standing::Verdict::kExcluded) {
      resyncs_.Forbid(node);
    } else {
      resyncs_.BeginIfPossible(evidence, node);
    }
  }
  reports_.PublishProgress();
}

void Recovery::DeclareLost(std::string_view name, absl::AnyInvocable<void(absl::Status)> done) {
  for (const NodeId node : context_.all_nodes()) {
    if (context_.name(node) != name) continue;
    if (context_.is_ready(node)) {
      return done(absl::FailedPreconditionError(
          "the node can be reached: it brings its data along, so there is nothing to give up"));
    }
    return fences_.DeclareLost(node, std::move(done));
  }
  done(absl::NotFoundError("no server of that name is on the ring"));
}

void Recovery::SayGoodbye(absl::AnyInvocable<void()> done) {
  leaving_ = true;  // no further heartbeat
  // The others are to find what it left half done, or what it alone knows to be without a hint.
  if (declared_lost_ || fences_.HasUnfencedHintLoss()) return done();
  const std::shared_ptr<void> all = AtLast(std::move(done));
  const std::string id = CoordinatorText(context_.self);
  for (const NodeId node : context_.all_nodes()) {
    if (!context_.is_ready(node)) continue;
    for (const std::string& hash : {context_.keys.Coordinators(), context_.keys.Heartbeats()}) {
      context_.Send(node, redis::Command::Of({"HDEL", hash, id}),
                    [all](const absl::StatusOr<redis::Reply>&) {});
    }
  }
}

void Recovery::Stop() {
  leaving_ = true;
  resyncs_.Abandon();
  sweeps_.Abandon();
  context_.stopped = true;
}

}  // namespace kache
