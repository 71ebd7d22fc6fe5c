#include "server/replication/shard.h"

#include <algorithm>
#include <utility>

#include "server/replication/write_operation.h"
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
      topology_(monitor.topology()),
      last_tick_(clock.Monotonic()) {}

void Shard::SetClients(std::vector<redis::NodeClient*> clients) { clients_ = std::move(clients); }

void Shard::SetTopology(std::shared_ptr<const Topology> topology) {
  topology_ = std::move(topology);
}

NodeView Shard::View(NodeId node) const {
  if (clients_.empty() || !clients_[node.index()]->Ready()) return {};
  const NodeStatus& status = topology_->nodes[node.index()];
  return {status.state, status.takes_writes, status.may_lack_writes};
}

std::string Shard::RedisKey(std::string_view key) const {
  std::string redis_key;
  redis_key.reserve(options_.key_prefix.size() + 2 + key.size());
  redis_key.append(options_.key_prefix).append("d:").append(key);
  return redis_key;
}

absl::Duration Shard::Left(MonotonicTime deadline) const {
  return std::max(absl::FromChrono(deadline - clock_.Monotonic()), absl::ZeroDuration());
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
      absl::FormatDuration(absl::FromUnixMillis(static_cast<int64_t>(version.timestamp >> 16)) -
                           now),
      version.coordinator);
}

void Shard::ReportWriteRefused(NodeId node, redis::ErrorKind kind) {
  monitor_.OnWriteRefused(node, kind);
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
  // Copied, as a write that is told may leave the set.
  const std::vector<WriteOperation*> writes(unanswered_.begin(), unanswered_.end());
  for (WriteOperation* write : writes) {
    if (unanswered_.contains(write)) write->TimePassed(now);
  }
}

}  // namespace kache
