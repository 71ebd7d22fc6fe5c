// How a Recovery tells what it has found: the monitor, the nodes, and people.
#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "server/recovery/recovery.h"
#include "spdlog/spdlog.h"

namespace kache {

void Recovery::Publish(const std::vector<Assessment>& assessments) {
  std::vector<Standing> standings;
  for (const NodeId node : AllNodes()) {
    const Node& it = nodes_[node.index()];
    const Assessment& assessment = assessments[node.index()];
    Standing standing;
    standing.verdict = assessment.verdict;
    standing.reason = assessment.reason;
    standing.resolved = it.resolved;
    standing.clock_offset = clock_.node_clock(node).applied;
    standing.connection_changes = it.look ? it.look_changes : UINT64_MAX;
    if (it.look) {
      standing.run_id = it.look->run_id;
      standing.whole_marker = WholeMarker(fingerprint_, it.look->run_id, name(node));
    }
    standings.push_back(std::move(standing));
  }
  monitor_.SetStandings(standings);
}

void Recovery::PublishProgress() {
  std::vector<HealthMonitor::Recovery> recoveries(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    HealthMonitor::Recovery& recovery = recoveries[i];
    recovery.waiting_for = nodes_[i].waiting_for;
    recovery.clock_offset = clock_.node_clock(NodeId(static_cast<uint16_t>(i))).offset;
    if (!nodes_[i].look) continue;
    const Look& look = *nodes_[i].look;
    recovery.resyncing = look.marker && !look.marker->whole && look.resync_holder.has_value();
    recovery.swept_unix_ms = look.swept_ms;
    recovery.keys = look.keys;
    if (!recovery.resyncing) continue;
    recovery.keys_done = static_cast<uint64_t>(ProgressNumber(look, "done"));
    recovery.keys_left = static_cast<uint64_t>(ProgressNumber(look, "left"));
    recovery.keys_per_second = static_cast<uint64_t>(ProgressNumber(look, "per_second"));
  }
  monitor_.SetRecoveries(std::move(recoveries));
}

void Recovery::WarnOfRings(const std::vector<Assessment>& assessments) {
  const bool mismatch = assessments.front().reason == kRingMismatch;
  metrics_.ring_mismatch.Set(mismatch ? 1 : 0);
  if (!std::exchange(warned_of_rings_, mismatch) && mismatch) {
    for (const NodeId node : AllNodes()) {
      const std::optional<Look>& look = at(node).look;
      if (!look || !look->marker || look->marker->ring == fingerprint_) continue;
      spdlog::error(
          "ring_mismatch: this server does not serve, as the Redis servers carry another ring. "
          "Correct REDIS_URLS, VNODES_PER_NODE or REPLICATION_FACTOR; or, to move the data to this "
          "server's ring, stop all other Kache servers and start this one with ACCEPT_RING={} "
          "node={} theirs=\"{}\" ours=\"{}\"",
          RingChangeText({look->marker->ring, fingerprint_}), name(node), look->ring,
          ring_description_);
      return;
    }
  }
}

void Recovery::LogAcceptedChange() const {
  const std::string change = RingChangeText(*config_.accept_ring);
  if (config_.accept_ring->to == fingerprint_) {
    spdlog::warn(
        "ACCEPT_RING is set: the data of nodes of that other ring is moved to the ring of "
        "these settings. Remove it once that is done change={}",
        change);
  } else {
    spdlog::warn(
        "ACCEPT_RING is set and does nothing, as it names another ring than the one of "
        "these settings: remove it change={} ring={}",
        change, RingText(fingerprint_));
  }
}

// Takes every look, also while the data path is not connected yet: a resync goes by them, too.
void Recovery::WarnOfLosses(Evidence evidence) {
  for (const NodeId node : AllNodes()) evidence.nodes[node.index()].look = at(node).look;
  const std::optional<LossWatch::Loss> loss = losses_.OnEvidence(evidence);
  if (!loss) return;
  metrics_.data_losses.Increment();
  spdlog::warn(
      "data lost: every home replica of these keys lost its memory before one of them was "
      "resynchronised percent_of_keys={:.1f} nodes={}",
      100 * loss->share, absl::StrJoin(loss->nodes, ","));
}

void Recovery::NoteNotWhole(const std::vector<Assessment>& assessments) {
  std::vector<std::string> names;
  const bool foreign = assessments.front().reason == kRingMismatch;  // That is not ours to say.
  for (const NodeId node : AllNodes()) {
    if (foreign) break;
    if (assessments[node.index()].verdict != Standing::Verdict::kWhole) names.push_back(name(node));
  }
  not_whole_ = absl::StrJoin(names, " ");
}

// Tells the node of those that are whole, where it does not know yet that they have been.
void Recovery::ShareMembers(const Evidence& evidence, NodeId node) {
  std::optional<Look>& look = at(node).look;
  if (!look || !IsReady(node)) return;
  const NodeEvidence& own = evidence.nodes[node.index()];
  if (!own.look || !HasRightMarker(evidence, own)) return;
  const std::string key = keys_.Members();
  std::vector<std::string_view> command = {"HSET", key};
  for (const NodeEvidence& each : evidence.nodes) {
    std::vector<std::string>& known = look->members;
    if (!IsWhole(evidence, each)) continue;
    if (std::find(known.begin(), known.end(), each.name) != known.end()) continue;
    command.insert(command.end(), {each.name, "1"});
    known.push_back(each.name);  // Once an inspection is enough.
  }
  if (command.size() == 2) return;
  Send(node, redis::Command::Of(command), [](const absl::StatusOr<redis::Reply>&) {});
}

void Recovery::LogWaiting(NodeId node) {
  Node& it = at(node);
  if (it.waiting_for.empty()) return it.logged_waiting_for.clear();
  // Coordinators are waited for as well, but for moments.
  const bool for_node = it.waiting_for.compare(0, 5, "node ") == 0;
  if (!for_node || it.waiting_for == it.logged_waiting_for) return;
  it.logged_waiting_for = it.waiting_for;
  spdlog::info(
      "the node stays SYNCING until another is back that may hold what it lacks node={} "
      "waits_for=\"{}\"",
      name(node), it.waiting_for);
}

}  // namespace kache
