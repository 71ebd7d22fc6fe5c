#include "server/replication/shard.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "server/replication/hint_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr absl::Duration kSkewWarningInterval = absl::Seconds(10);

}  // namespace

Shard::Shard(const ReplicationOptions& options, std::shared_ptr<const HashRing> ring,
             uint64_t coordinator_id, const Clock& clock, HealthMonitor& monitor,
             ReplicationMetrics& metrics)
    : options_(options),
      ring_(std::move(ring)),
      clock_(clock),
      monitor_(monitor),
      metrics_(metrics),
      homes_(std::min<size_t>(options.replication_factor, ring_->nodes())),
      versions_(coordinator_id, options.max_clock_skew),
      keys_(options.key_prefix),
      topology_(monitor.topology()),
      missed_(ring_->nodes()),
      reads_until_compared_(DrawReadsUntilCompared()),
      cut_off_(ring_->nodes(), false),
      last_tick_(clock.Monotonic()) {
  write_epochs_.emplace_back();
}

void Shard::SetClients(std::vector<redis::NodeClient*> clients) {
  clients_ = std::move(clients);
  if (!clients_.empty()) return;
  // Whoever finds no heartbeat of this coordinator any more knows that hints are missing.
  late_hints_.Clear();
}

void Shard::SetTopology(std::shared_ptr<const Topology> topology) {
  topology_ = std::move(topology);
}

NodeView Shard::View(NodeId node) const {
  if (!IsReady(node)) return {};
  const NodeStatus& status = topology_->nodes[node.index()];
  // The monitor knows already, but its topology may still be on its way here.
  const bool missed = missed_[node.index()].count > status.resolved;
  return {missed && status.state == NodeState::kUp ? NodeState::kSyncing : status.state,
          status.takes_writes, status.pace != NodePace::kNormal,
          missed && status.doubt == Doubt::kNone ? Doubt::kBehind : status.doubt};
}

absl::Duration Shard::Left(MonotonicTime deadline) const {
  return std::max(absl::FromChrono(deadline - clock_.Monotonic()), absl::ZeroDuration());
}

bool Shard::CountRead() {
  if (reads_until_compared_ == 0 || --reads_until_compared_ > 0) return false;
  reads_until_compared_ = DrawReadsUntilCompared();
  return true;
}

// At random, so that no load whose keys come in turns always meets the same ones.
uint64_t Shard::DrawReadsUntilCompared() const {
  const uint64_t one_in = options_.staleness_check_one_in;
  if (one_in == 0) return 0;
  absl::InsecureBitGen random;
  return absl::Uniform<uint64_t>(absl::IntervalClosed, random, 1, 2 * one_in - 1);
}

bool Shard::MayHaveBeenDeleted(NodeId node, const Record& record) const {
  const absl::Time long_ago = clock_.Now() - options_.tombstone_ttl / 2;
  return topology_->nodes[node.index()].doubted_since < long_ago && MayHaveBeenDeleted(record);
}

bool Shard::MayHaveBeenDeleted(const Record& record) const {
  const absl::Time long_ago = clock_.Now() - options_.tombstone_ttl / 2;
  return !record.tombstone && absl::FromUnixMillis(MillisOf(record.version.timestamp)) < long_ago;
}

void Shard::ObserveVersion(const Version& version) {
  const absl::Time now = clock_.Now();
  if (versions_.Observe(version, now)) return;
  metrics_.versions_far_ahead.Increment();
  if (now - warned_of_skew_ < kSkewWarningInterval) return;
  warned_of_skew_ = now;
  spdlog::warn(
      "a record's version is far ahead of this clock: check the clocks of all coordinators "
      "ahead={} coordinator={:016x}",
      absl::FormatDuration(absl::FromUnixMillis(MillisOf(version.timestamp)) - now), version.clock);
}

void Shard::ReportWriteRefused(NodeId node, std::string_view answer) {
  monitor_.OnWriteRefused(node, answer);
}

void Shard::ReportWriteAccepted(NodeId node) {
  if (topology_->nodes[node.index()].state == NodeState::kSyncing) monitor_.OnWriteAccepted(node);
}

void Shard::Tick() {
  const MonotonicTime now = clock_.Monotonic();
  // A tick that comes late shows that this process stood still: the replies that came meanwhile
  // are read first. Never twice in a row, as on a busy machine every tick may be late.
  const bool late = absl::FromChrono(now - std::exchange(last_tick_, now)) > 5 * kTick;
  skipped_tick_ = late && !skipped_tick_;
  if (skipped_tick_) return;
  if (!late_hints_.empty()) late_hints_.Tick(now);
  if (watched_.empty()) return;
  NoteSilence();
  // Copied, as one that is told may leave the set.
  const std::vector<TimedOperation*> watched(watched_.begin(), watched_.end());
  for (TimedOperation* operation : watched) {
    if (watched_.contains(operation)) operation->TimePassed(now);
  }
}

void Shard::NoteSilence() {
  const absl::Duration limit = std::max(kSilenceLimit, kTriesOfSilence * options_.try_timeout);
  size_t silent = 0;
  for (size_t i = 0; i < clients_.size(); ++i) {
    cut_off_[i] = clients_[i]->Silence() >= limit;
    silent += cut_off_[i] ? 1 : 0;
  }
  if (silent == 1) cut_off_.assign(cut_off_.size(), false);
}

void Shard::NoteMissed(NodeId node) {
  Missed& missed = missed_[node.index()];
  if (missed.noted) return;
  missed.noted = true;
  const NodeStatus& status = topology_->nodes[node.index()];
  const absl::Time now = clock_.Now();
  missed.since = status.missed > status.resolved ? std::min(status.missed_since, now) : now;
  missed.count = monitor_.OnWriteMissed(node);
  missed.told.assign(clients_.size(), false);
  for (size_t i = 0; i < clients_.size(); ++i) {
    const NodeId holder(static_cast<uint16_t>(i));
    if (holder != node && MayBeTold(holder)) SendNote(OpenHints(), node, holder);
  }
}

// One that was not found fit to be used takes no copies, and may be another cluster's. If it is
// ours, it is told once it was inspected.
bool Shard::MayBeTold(NodeId node) const {
  const NodeStatus& status = topology_->nodes[node.index()];
  return IsReady(node) && (!status.connected || status.state != NodeState::kDown);
}

void Shard::EnsureNoted(NodeId node, NodeId holder) {
  if (node == holder) return;
  const std::vector<bool>& told = missed_[node.index()].told;
  if (holder.index() < told.size() && !told[holder.index()]) {
    SendNote(OpenHints(), node, holder);
  }
}

void Shard::RestoreNote(NodeId node, NodeId holder) {
  const std::vector<bool>& told = missed_[node.index()].told;
  if (holder.index() >= told.size() || !MayBeTold(holder)) return;
  SendNote(told[holder.index()] ? kache::RestoreNote() : OpenHints(), node, holder);
}

void Shard::SendNote(const redis::Script& script, NodeId node, NodeId holder) {
  Missed& missed = missed_[node.index()];
  missed.told[holder.index()] = true;
  const std::string& name = ring_->names()[node.index()];
  const uint64_t self = versions_.coordinator();
  // Another shard's note may stand there, of a later miss.
  const uint64_t count = std::max(missed.count, topology_->nodes[node.index()].missed);
  client(holder).Send(
      redis::Command::Call(script, {keys_.Hints(name), keys_.Missed()},
                           {CoordinatorText(self), MissedField(name, self),
                            MissedValue({count, absl::ToUnixMillis(missed.since)})}),
      options_.write_timeout, [](const absl::StatusOr<redis::Reply>&) {});
}

void Shard::OnConnected(NodeId node) {
  for (Missed& missed : missed_) {
    if (node.index() < missed.told.size()) missed.told[node.index()] = false;
  }
}

void Shard::NoteHintLost(NodeId node) {
  metrics_.hints_lost.Increment();
  if (!std::exchange(missed_[node.index()].hint_lost, true)) monitor_.OnHintLost(node);
}

void Shard::KeepLateHint(LateHint hint) {
  if (clients_.empty()) return;  // It is being stopped, and says no goodbye.
  late_hints_.Keep(std::move(hint));
}

void Shard::CloseMissed(NodeId node) {
  missed_[node.index()].noted = false;
  missed_[node.index()].hint_lost = false;
}

void Shard::PingAll(absl::AnyInvocable<void()> done) {
  struct Last {
    explicit Last(absl::AnyInvocable<void()> told) : done(std::move(told)) {}
    ~Last() { done(); }
    Last(const Last&) = delete;
    Last& operator=(const Last&) = delete;
    absl::AnyInvocable<void()> done;
  };
  const auto last = std::make_shared<Last>(std::move(done));  // shared by the replies
  for (redis::NodeClient* client : clients_) {
    if (!client->Ready()) continue;
    client->Send(redis::Command::Of({"PING"}), kPingTimeout,
                 [last](const absl::StatusOr<redis::Reply>&) {});
  }
}

void Shard::AwaitWrites(absl::AnyInvocable<void()> done) {
  write_epochs_.back().waiting.push_back(std::move(done));
  write_epochs_.push_back({write_epochs_.back().number + 1, 0, {}});
  EndWriteEpochs();
}

uint64_t Shard::WriteStarted() {
  ++write_epochs_.back().running;
  return write_epochs_.back().number;
}

void Shard::WriteEnded(uint64_t epoch) {
  --write_epochs_[epoch - write_epochs_.front().number].running;
  EndWriteEpochs();
}

void Shard::EndWriteEpochs() {
  while (write_epochs_.size() > 1 && write_epochs_.front().running == 0 && late_hints_.empty()) {
    std::vector<absl::AnyInvocable<void()>> waiting = std::move(write_epochs_.front().waiting);
    write_epochs_.pop_front();
    for (auto& done : waiting) done();
  }
}

}  // namespace kache
