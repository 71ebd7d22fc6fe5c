#include "server/cluster/health_monitor.h"

#include <algorithm>
#include <utility>

#include "server/redis/reply.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

bool Same(const NodeStatus& a, const NodeStatus& b) {
  return a.state == b.state && a.reason == b.reason && a.takes_writes == b.takes_writes &&
         a.pace == b.pace && a.refuses_writes == b.refuses_writes && a.run_id == b.run_id &&
         a.version == b.version && a.connection_changes == b.connection_changes &&
         a.connected == b.connected && a.is_duplicate == b.is_duplicate &&
         a.processes == b.processes && a.rounds == b.rounds &&
         a.connections_tried == b.connections_tried && a.missed == b.missed &&
         a.resolved == b.resolved && a.doubted_since == b.doubted_since &&
         a.whole_marker == b.whole_marker && a.clock_offset == b.clock_offset &&
         a.maxmemory == b.maxmemory && a.doubt == b.doubt;
}

void LogChange(const std::string& name, const NodeStatus& before, const NodeStatus& after) {
  if (before.state == after.state && before.reason == after.reason) return;
  const auto level = after.state == NodeState::kUp ? spdlog::level::info : spdlog::level::warn;
  spdlog::log(level, "node state changed node={} state={} reason={} was={} was_reason={} run_id={}",
              name, NodeStateName(after.state), after.reason, NodeStateName(before.state),
              before.reason, after.run_id);
}

void LogProcesses(const std::string& name, const NodeStatus& before, const NodeStatus& after) {
  if (before.processes == after.processes) return;
  switch (after.processes) {
    case ProcessAgreement::kOne:
      spdlog::info("all connections of the node reach one Redis process again node={} run_id={}",
                   name, after.run_id);
      return;
    case ProcessAgreement::kUnsettled:
      spdlog::warn(
          "the connections of the node reach different Redis processes; they are made anew "
          "node={} run_ids={}",
          name, after.reached);
      return;
    case ProcessAgreement::kSeveral:
      spdlog::error(
          "several living Redis processes answer for one entry of REDIS_URLS; the node is not used "
          "until all connections reach the same one. Give the entry the address of one server, and "
          "stop an old server that lives on node={} run_ids={}",
          name, after.reached);
      return;
  }
}

constexpr size_t kMaxTold = 8;

std::string ReasonOfRefusal(redis::ErrorKind kind) {
  if (kind == redis::ErrorKind::kOther) return "write_refused";
  return std::string(redis::ErrorKindName(kind));
}

}  // namespace

HealthMonitor::HealthMonitor(std::shared_ptr<const HashRing> ring, size_t shards,
                             const Clock& clock, absl::Duration outlier_at_least)
    : ring_(std::move(ring)),
      shards_(shards),
      clock_(clock),
      warned_unnamed_(ring_->nodes(), false),
      told_(ring_->nodes()),
      pings_(ring_->nodes()),
      paces_(ring_->nodes(), outlier_at_least),
      recoveries_(ring_->nodes()) {
  auto topology = std::make_shared<Topology>();
  topology->ring = ring_;
  for (size_t i = 0; i < ring_->nodes(); ++i) {
    trackers_.emplace_back(shards, clock_.Now());
    processes_.emplace_back(shards + 1, clock_.Monotonic());
    topology->nodes.push_back(trackers_.back().status());
  }
  topology_ = std::move(topology);
}

std::unique_ptr<HealthMonitor::Observation> HealthMonitor::Observe(Observer observer) {
  const std::lock_guard publishing(publishing_);
  observer(topology());
  const uint64_t id = next_observer_++;
  observers_.emplace(id, std::move(observer));
  return std::make_unique<Observation>(*this, id);
}

void HealthMonitor::StopObserving(uint64_t id) {
  const std::lock_guard publishing(publishing_);
  observers_.erase(id);
}

std::shared_ptr<const Topology> HealthMonitor::topology() const {
  const std::lock_guard lock(mutex_);
  return topology_;
}

std::vector<HealthMonitor::Ping> HealthMonitor::pings() const {
  const std::lock_guard lock(mutex_);
  return pings_;
}

void HealthMonitor::OnConnected(size_t shard, NodeId node, const redis::ServerFacts& facts) {
  bool duplicate = false;
  std::string other;
  {
    const std::lock_guard lock(mutex_);
    NoteProcesses(node, [&](ProcessWatch& watch, MonotonicTime now) {
      watch.OnConnected(shard, facts.run_id, facts.asked_at, now);
    });
    HealthTracker& tracker = trackers_[node.index()];
    const bool is_one = tracker.status().processes == ProcessAgreement::kOne;
    if (is_one) other = OtherNodeWith(facts.run_id, node);
    duplicate = !other.empty();
    tracker.DuplicateOf(other, clock_.Now());
    tracker.Connected(shard, facts.run_id, facts.version, clock_.Now());
    JudgeDuplicatesAgain();
  }
  if (duplicate) {
    spdlog::error(
        "two entries of REDIS_URLS reach one server; the later one is not used until that is "
        "mended node={} same_as={} run_id={}",
        ring_->names()[node.index()], other, facts.run_id);
  }
  WarnIfUnnamed(node, facts);
  PublishIfChanged();
}

void HealthMonitor::WarnIfUnnamed(NodeId node, const redis::ServerFacts& facts) {
  if (facts.unnamed.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    if (warned_unnamed_[node.index()]) return;
    warned_unnamed_[node.index()] = true;
  }
  spdlog::warn(
      "connections to the node carry no name, so kachectl coordinator declare-lost can't end them: "
      "let this user run CLIENT SETNAME and HEXISTS there node={} error=\"{}\"",
      ring_->names()[node.index()], facts.unnamed);
}

void HealthMonitor::OnDown(size_t shard, NodeId node, const redis::DownReason& reason) {
  Tell(node, "the node cannot be used", reason.code, reason.message);
  {
    const std::lock_guard lock(mutex_);
    trackers_[node.index()].Down(shard, reason.code, clock_.Now());
    NoteProcesses(node, [&](ProcessWatch& watch, MonotonicTime now) { watch.OnDown(shard, now); });
    paces_.Forget(node);
    JudgeDuplicatesAgain();
  }
  PublishIfChanged();
}

void HealthMonitor::OnRecoveryConnected(NodeId node, const redis::ServerFacts& facts) {
  {
    const std::lock_guard lock(mutex_);
    NoteProcesses(node, [&](ProcessWatch& watch, MonotonicTime now) {
      watch.OnConnected(shards_, facts.run_id, facts.asked_at, now);
    });
    trackers_[node.index()].InspectionRefused("", clock_.Now());
  }
  PublishIfChanged();
}

void HealthMonitor::OnRecoveryDown(NodeId node, const redis::DownReason& reason) {
  Tell(node, "the node cannot be used", reason.code, reason.message);
  {
    const std::lock_guard lock(mutex_);
    NoteProcesses(node,
                  [&](ProcessWatch& watch, MonotonicTime now) { watch.OnDown(shards_, now); });
    trackers_[node.index()].InspectionRefused(reason.code, clock_.Now());
  }
  PublishIfChanged();
}

void HealthMonitor::NoteProcesses(
    NodeId node, const std::function<void(ProcessWatch&, MonotonicTime now)>& note) {
  ProcessWatch& watch = processes_[node.index()];
  HealthTracker& tracker = trackers_[node.index()];
  const MonotonicTime now = clock_.Monotonic();
  note(watch, now);
  if (const std::optional<MonotonicTime> since = watch.TakeDoubt()) {
    tracker.MayLackWrites(clock_.Now() - absl::FromChrono(now - *since), clock_.Now());
  }
  const ProcessAgreement agreement = watch.agreement();
  const NodeStatus& status = tracker.status();
  if (agreement == status.processes && watch.rounds() == status.rounds) return;
  tracker.ReachesProcesses(agreement, watch.rounds(),
                           agreement == ProcessAgreement::kOne ? "" : watch.Reached(),
                           clock_.Now());
}

void HealthMonitor::OnPing(NodeId node, absl::Duration round_trip) {
  {
    const std::lock_guard lock(mutex_);
    pings_[node.index()] = {clock_.Now(), round_trip};
    paces_.OnPing(node, round_trip);
    const std::vector<NodePace> paces = paces_.Judge();
    for (size_t i = 0; i < paces.size(); ++i) {
      if (trackers_[i].status().pace != paces[i]) trackers_[i].Paced(paces[i], clock_.Now());
    }
  }
  PublishIfChanged();
}

void HealthMonitor::OnWriteRefused(NodeId node, std::string_view answer) {
  const std::string reason = ReasonOfRefusal(redis::ClassifyError(answer));
  Tell(node, "the node refuses writes", reason, redis::ErrorForPeople(answer));
  Change(node, [&](HealthTracker& tracker) { tracker.WriteRefused(reason, clock_.Now()); });
}

void HealthMonitor::OnInspectionRefused(NodeId node, std::string_view answer) {
  const redis::ErrorKind kind = redis::ClassifyError(answer);
  const std::string reason = kind == redis::ErrorKind::kOther
                                 ? "inspection_refused"
                                 : std::string(redis::ErrorKindName(kind));
  Tell(node, "the node refuses to be inspected", reason, redis::ErrorForPeople(answer));
  Change(node, [&](HealthTracker& tracker) { tracker.InspectionRefused(reason, clock_.Now()); });
}

void HealthMonitor::OnInspectionAnswered(NodeId node) {
  Change(node, [&](HealthTracker& tracker) { tracker.InspectionRefused("", clock_.Now()); });
}

void HealthMonitor::Tell(NodeId node, std::string_view what, const std::string& reason,
                         const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string>& told = told_[node.index()];
    if (std::ranges::find(told, message) != told.end()) return;
    if (told.size() == kMaxTold) told.erase(told.begin());
    told.push_back(message);
  }
  spdlog::warn("{} node={} reason={} error=\"{}\"", what, ring_->names()[node.index()], reason,
               message);
}

void HealthMonitor::OnWriteAccepted(NodeId node) {
  Change(node, [&](HealthTracker& tracker) { tracker.WriteAccepted(clock_.Now()); });
}

std::vector<HealthMonitor::Recovery> HealthMonitor::recoveries() const {
  const std::lock_guard lock(mutex_);
  return recoveries_;
}

void HealthMonitor::SetRecoveries(std::vector<Recovery> recoveries) {
  const std::lock_guard lock(mutex_);
  recoveries_ = std::move(recoveries);
}

uint64_t HealthMonitor::OnWriteMissed(NodeId node) {
  uint64_t missed = 0;
  Change(node, [&](HealthTracker& tracker) { missed = tracker.WriteMissed(clock_.Now()); });
  return missed;
}

void HealthMonitor::OnHintLost(NodeId node) {
  Change(node, [&](HealthTracker& tracker) { tracker.HintLost(clock_.Now()); });
}

void HealthMonitor::OnMayLackWrites(NodeId node, absl::Time since) {
  Change(node, [&](HealthTracker& tracker) { tracker.MayLackWrites(since, clock_.Now()); });
}

void HealthMonitor::RequestReconnect(NodeId node) {
  {
    const std::lock_guard lock(mutex_);
    NoteProcesses(node, [](ProcessWatch& watch, MonotonicTime now) { watch.RequestRound(now); });
  }
  PublishIfChanged();
}

void HealthMonitor::SetStandings(const std::vector<Standing>& standings) {
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < standings.size(); ++i) trackers_[i].Checked(standings[i], clock_.Now());
  }
  PublishIfChanged();
}

void HealthMonitor::SetInMinority(bool in_minority) {
  {
    const std::lock_guard lock(mutex_);
    in_minority_ = in_minority;
  }
  PublishIfChanged();
}

void HealthMonitor::SetChecker(std::function<void(NodeId)> checker) {
  const std::lock_guard lock(checking_);
  checker_ = std::move(checker);
}

void HealthMonitor::RequestCheck(NodeId node) {
  const std::lock_guard lock(checking_);
  if (checker_) checker_(node);
}

void HealthMonitor::Tick() {
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < trackers_.size(); ++i) {
      NoteProcesses(NodeId(static_cast<uint16_t>(i)),
                    [](ProcessWatch& watch, MonotonicTime now) { watch.Tick(now); });
      trackers_[i].Tick(clock_.Now());
    }
  }
  PublishIfChanged();
}

void HealthMonitor::Change(NodeId node, const std::function<void(HealthTracker&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    change(trackers_[node.index()]);
  }
  PublishIfChanged();
}

void HealthMonitor::PublishIfChanged() {
  const std::lock_guard publishing(publishing_);
  std::shared_ptr<const Topology> before;
  std::shared_ptr<const Topology> after;
  {
    const std::lock_guard lock(mutex_);
    bool changed = topology_->in_minority != in_minority_;
    for (size_t i = 0; i < trackers_.size(); ++i) {
      changed |= !Same(topology_->nodes[i], trackers_[i].status());
    }
    if (!changed) return;
    auto next = std::make_shared<Topology>();
    next->ring = ring_;
    next->in_minority = in_minority_;
    for (size_t i = 0; i < trackers_.size(); ++i) {
      next->nodes.push_back(trackers_[i].status());
      if (next->nodes[i].state == NodeState::kUp) told_[i].clear();
    }
    before = std::exchange(topology_, next);
    after = std::move(next);
  }
  // At once: who reads of a state takes the shards to act by it.
  for (const auto& [id, observer] : observers_) observer(after);
  for (size_t i = 0; i < after->nodes.size(); ++i) {
    LogChange(ring_->names()[i], before->nodes[i], after->nodes[i]);
    LogProcesses(ring_->names()[i], before->nodes[i], after->nodes[i]);
  }
}

// A node is a duplicate when an earlier entry is connected to the same Redis process. An earlier
// entry that turns out to be the same server as a later, connected one comes second, too: the one
// that works goes on working.
std::string HealthMonitor::OtherNodeWith(const std::string& run_id, NodeId node) const {
  for (size_t i = 0; i < trackers_.size(); ++i) {
    const NodeStatus& other = trackers_[i].status();
    if (i != node.index() && other.connected && other.run_id == run_id) return ring_->names()[i];
  }
  return "";
}

// The entry that a duplicate stood back for may be gone, or reach another server by now.
void HealthMonitor::JudgeDuplicatesAgain() {
  for (size_t i = 0; i < trackers_.size(); ++i) {
    if (!trackers_[i].IsDuplicate()) continue;
    const NodeId node(static_cast<uint16_t>(i));
    trackers_[i].DuplicateOf(OtherNodeWith(trackers_[i].status().run_id, node), clock_.Now());
  }
}

}  // namespace kache
