#include "server/replication/shard.h"

#include <algorithm>
#include <utility>

#include "absl/random/random.h"
#include "server/bookkeeping/missed_note.h"
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
      last_tick_(clock.Monotonic()) {
  write_epochs_.emplace_back();
}

void Shard::SetClients(std::vector<redis::NodeClient*> clients) { clients_ = std::move(clients); }

void Shard::SetTopology(std::shared_ptr<const Topology> topology) {
  topology_ = std::move(topology);
}

NodeView Shard::View(NodeId node) const {
  if (clients_.empty() || !clients_[node.index()]->Ready()) return {};
  const NodeStatus& status = topology_->nodes[node.index()];
  // The monitor knows already, but its topology may still be on its way here.
  const bool missed = missed_[node.index()].count > status.resolved;
  return {missed && status.state == NodeState::kUp ? NodeState::kSyncing : status.state,
          status.takes_writes, status.pace != NodePace::kNormal};
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
  // Copied, as one that is told may leave the set.
  const std::vector<TimedOperation*> watched(watched_.begin(), watched_.end());
  for (TimedOperation* operation : watched) {
    if (watched_.contains(operation)) operation->TimePassed(now);
  }
}

void Shard::NoteMissed(NodeId node) {
  Missed& missed = missed_[node.index()];
  if (missed.noted) return;
  missed.noted = true;
  missed.count = monitor_.OnWriteMissed(node);
  const auto note = redis::Command::Of(
      {"HSET", keys_.Missed(), MissedField(ring_->names()[node.index()], versions_.coordinator()),
       MissedValue({missed.count, absl::ToUnixMillis(clock_.Now())})});
  for (size_t i = 0; i < clients_.size(); ++i) {
    if (i == node.index() || !clients_[i]->Ready()) continue;
    // One that was not found fit to be used takes no copies, and may be another cluster's. If it is
    // ours, it is told once it was inspected.
    const NodeStatus& status = topology_->nodes[i];
    if (status.connected && status.state == NodeState::kDown) continue;
    clients_[i]->Send(note, options_.write_timeout, [](const absl::StatusOr<redis::Reply>&) {});
  }
}

void Shard::CloseMissed(NodeId node) { missed_[node.index()].noted = false; }

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
  while (write_epochs_.size() > 1 && write_epochs_.front().running == 0) {
    std::vector<absl::AnyInvocable<void()>> waiting = std::move(write_epochs_.front().waiting);
    write_epochs_.pop_front();
    for (auto& done : waiting) done();
  }
}

}  // namespace kache
