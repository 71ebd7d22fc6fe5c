#include "server/recovery/reports.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "ring/ring_change.h"
#include "server/bookkeeping/ring_id.h"
#include "spdlog/spdlog.h"

namespace kache {

Reports::Reports(RecoveryContext& context, const Inspections& inspections, const ResyncJob& resyncs,
                 size_t homes)
    : context_(context),
      inspections_(inspections),
      resyncs_(resyncs),
      losses_(context.ring, homes),
      minority_(context.config.check_interval),
      warned_of_foreign_(context.nodes(), false) {}

void Reports::Publish(const Evidence& evidence, const std::vector<Assessment>& assessments) {
  PublishStandings(evidence, assessments);
  WarnOfMinority(evidence);
  WarnOfRings(assessments);
  WarnOfForeignNodes(assessments);
  if (assessments.front().verdict == Standing::Verdict::kUnchecked) return;
  WarnOfLosses(evidence);
  NoteNotWhole(assessments);
}

void Reports::PublishStandings(const Evidence& evidence,
                               const std::vector<Assessment>& assessments) {
  std::vector<Standing> standings;
  for (const NodeId node : context_.all_nodes()) {
    const Assessment& assessment = assessments[node.index()];
    Standing standing;
    standing.verdict = assessment.verdict;
    standing.reason = assessment.reason;
    standing.doubt = assessment.doubt;
    standing.resolved = evidence.nodes[node.index()].missed_resolved;
    standing.doubted_since = DoubtedSince(evidence, evidence.nodes[node.index()],
                                          context_.clock.node_clock(node).applied);
    standing.clock_offset = context_.clock.node_clock(node).applied;
    standing.connection_changes = UINT64_MAX;
    if (const auto& inspection = inspections_.of(node)) {
      standing.connection_changes = inspections_.connection_changes(node);
      standing.run_id = inspection->run_id;
      standing.maxmemory = inspection->maxmemory;
      standing.whole_marker = WholeMarker(evidence.ring, inspection->run_id, context_.name(node));
    }
    context_.metrics.doubts[node.index()]->Set(static_cast<double>(assessment.doubt));
    standings.push_back(std::move(standing));
  }
  context_.monitor.SetStandings(standings);
}

void Reports::PublishProgress() {
  std::vector<HealthMonitor::Recovery> recoveries(context_.nodes());
  for (const NodeId node : context_.all_nodes()) {
    HealthMonitor::Recovery& recovery = recoveries[node.index()];
    recovery.waiting_for = resyncs_.waiting_for(node);
    recovery.clock_offset = context_.clock.node_clock(node).offset;
    const auto& inspection = inspections_.of(node);
    if (!inspection) continue;
    recovery.resyncing =
        inspection->marker && !inspection->marker->whole && inspection->resync_holder.has_value();
    recovery.swept_unix_ms = inspection->swept_ms;
    recovery.keys = inspection->keys;
    if (!recovery.resyncing) continue;
    recovery.keys_done = static_cast<uint64_t>(ProgressNumber(*inspection, "done"));
    recovery.keys_left = static_cast<uint64_t>(ProgressNumber(*inspection, "left"));
    recovery.keys_per_second = static_cast<uint64_t>(ProgressNumber(*inspection, "per_second"));
  }
  ShowHints();
  context_.metrics.ShowSweeps(context_.clock.Now(), recoveries);
  context_.monitor.SetRecoveries(std::move(recoveries));
}

void Reports::ShowHints() {
  for (const NodeId about : context_.all_nodes()) {
    int64_t most = 0;
    for (const NodeId node : context_.all_nodes()) {
      const auto& inspection = inspections_.of(node);
      if (!inspection || about.index() >= inspection->hints.size()) continue;
      most = std::max(most, inspection->hints[about.index()]);
    }
    context_.metrics.hints_held[about.index()]->Set(static_cast<double>(most));
  }
}

void Reports::WarnOfMinority(const Evidence& evidence) {
  const bool in_minority = minority_.OnEvidence(evidence, context_.now());
  if (std::exchange(in_minority_, in_minority) == in_minority) return;
  context_.metrics.in_minority.Set(in_minority ? 1 : 0);
  context_.monitor.SetInMinority(in_minority);
  if (in_minority) {
    spdlog::error(
        "in_minority: this coordinator reaches less than half of the nodes that others reach, so "
        "it is NOT_SERVING until it reaches more. Look at the network between it and the nodes");
  } else {
    spdlog::info("this coordinator reaches the nodes that others reach again, and serves");
  }
}

void Reports::WarnOfRings(const std::vector<Assessment>& assessments) {
  const std::string& reason = assessments.front().reason;
  const bool mismatch = reason == kRingMismatch;
  context_.metrics.ring_mismatch.Set(mismatch ? 1 : 0);
  const bool waits = reason.starts_with(kFirstStartWaitsFor);
  if (std::exchange(waits_for_, waits ? reason : "") != reason && waits) {
    spdlog::warn(
        "first start: no node carries a marker, and one could not be asked; it may hold the data. "
        "This coordinator serves when that node is back. If its data may be lost, declare it lost: "
        "kachectl node forsake node={}",
        reason.substr(sizeof(kFirstStartWaitsFor) - 1));
  }
  if (std::exchange(warned_of_rings_, mismatch) || !mismatch) return;
  for (const NodeId node : context_.all_nodes()) {
    const auto& inspection = inspections_.of(node);
    if (!inspection || !inspection->marker) continue;
    const uint64_t theirs = inspection->marker->ring;
    if (GenerationOf(theirs, context_.fingerprint)) continue;
    spdlog::error(
        "ring_mismatch: this server does not serve, as the Redis servers carry another ring. "
        "Correct REDIS_URLS, VNODES_PER_NODE or REPLICATION_FACTOR; or, to move the data to this "
        "server's ring, stop all other Kache servers and start this one with ACCEPT_RING={} "
        "node={} theirs=\"{}\" ours=\"{}\"",
        RingChangeText({theirs, context_.fingerprint}), context_.name(node), inspection->ring,
        context_.DescribeRing());
    return;
  }
}

void Reports::WarnOfForeignNodes(const std::vector<Assessment>& assessments) {
  for (const NodeId node : context_.all_nodes()) {
    const bool foreign = assessments[node.index()].reason == kForeignCluster;
    const bool warned = warned_of_foreign_[node.index()];
    warned_of_foreign_[node.index()] = foreign;
    if (!foreign || warned) continue;
    spdlog::error(
        "foreign_cluster: another cluster uses this node now, so nothing is written there. Correct "
        "REDIS_URLS; or, if both clusters are to share the node, give each its own KEY_PREFIX "
        "node={} theirs=\"{}\"",
        context_.name(node), inspections_.of(node)->ring);
  }
}

void Reports::LogAcceptedChange() const {
  const RingChange& accepted = *context_.config.accept_ring;
  const std::string change = RingChangeText(accepted);
  if (accepted.to == context_.fingerprint) {
    spdlog::warn(
        "ACCEPT_RING is set: the data of nodes of that other ring is moved to the ring of "
        "these settings. Remove it once that is done change={}",
        change);
  } else {
    spdlog::warn(
        "ACCEPT_RING is set and does nothing, as it names another ring than the one of "
        "these settings: remove it change={} ring={}",
        change, RingText(context_.fingerprint));
  }
}

// Takes every inspection, also while the data path is not connected yet: a resync goes by them,
// too.
void Reports::WarnOfLosses(Evidence evidence) {
  for (const NodeId node : context_.all_nodes()) {
    evidence.nodes[node.index()].inspection = inspections_.of(node);
  }
  const std::optional<LossWatch::Loss> loss = losses_.OnEvidence(evidence);
  if (!loss) return;
  context_.metrics.data_losses.Increment();
  spdlog::warn(
      "data lost: every home replica of these keys lost its memory before one of them was "
      "resynchronised percent_of_keys={:.1f} nodes={}",
      100 * loss->share, absl::StrJoin(loss->nodes, ","));
}

void Reports::NoteNotWhole(const std::vector<Assessment>& assessments) {
  std::vector<std::string> names;
  const bool foreign = assessments.front().reason == kRingMismatch;  // That is not ours to say.
  for (const NodeId node : context_.all_nodes()) {
    if (foreign) break;
    if (assessments[node.index()].verdict == Standing::Verdict::kWhole) continue;
    names.push_back(context_.name(node));
  }
  not_whole_ = absl::StrJoin(names, " ");
}

}  // namespace kache
