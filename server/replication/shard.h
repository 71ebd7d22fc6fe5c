// One shard of the keys: what its operations share. Knows no threads and no sockets; ShardThread
// gives it both, tests give it fakes.
//
// Shard thread only, but for running() and the operations' constructors, which count in it.
#ifndef KACHE_SERVER_REPLICATION_SHARD_H_
#define KACHE_SERVER_REPLICATION_SHARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/cluster/health_monitor.h"
#include "server/redis/node_client.h"
#include "server/replication/hybrid_clock.h"
#include "server/replication/placement.h"
#include "server/replication/replication_metrics.h"
#include "server/replication/replication_options.h"

namespace kache {

class WriteOperation;

class Shard {
 public:
  // All references outlive the shard. `clients` come by SetClients.
  Shard(const ReplicationOptions& options, std::shared_ptr<const HashRing> ring,
        uint64_t coordinator_id, const Clock& clock, HealthMonitor& monitor,
        ReplicationMetrics& metrics);

  // By NodeId; empty = none can be used any more (the shard is being stopped).
  void SetClients(std::vector<redis::NodeClient*> clients);
  void SetTopology(std::shared_ptr<const Topology> topology);

  // What this shard can do with a node now: its published state, but DOWN while this shard's own
  // connection is not ready.
  NodeView View(NodeId node) const;
  redis::NodeClient& client(NodeId node) { return *clients_[node.index()]; }

  const ReplicationOptions& options() const { return options_; }
  const HashRing& ring() const { return *ring_; }
  const Clock& clock() const { return clock_; }
  HybridClock& versions() { return versions_; }
  ReplicationMetrics& metrics() { return metrics_; }

  // The number of home replicas of every key.
  size_t homes() const { return homes_; }
  // Where `key` stands in Redis.
  std::string RedisKey(std::string_view key) const;
  // What is left until `deadline`; zero when it has passed.
  absl::Duration Left(MonotonicTime deadline) const;

  // Notes a version that some replica holds, and counts and warns when its clock is far ahead.
  void ObserveVersion(const Version& version);
  void ReportWriteRefused(NodeId node, redis::ErrorKind kind);
  void ReportWriteAccepted(NodeId node);

  // Unanswered writes are told of time passing by Tick, to be called every kTick.
  static constexpr absl::Duration kTick = absl::Milliseconds(10);
  void Watch(WriteOperation* write) { unanswered_.insert(write); }
  void Unwatch(WriteOperation* write) { unanswered_.erase(write); }
  void Tick();

  // Operations constructed and not yet destroyed. Thread-safe.
  size_t running() const { return running_.load(std::memory_order_acquire); }
  void OperationStarted() { running_.fetch_add(1, std::memory_order_relaxed); }
  void OperationEnded() { running_.fetch_sub(1, std::memory_order_release); }

 private:
  const ReplicationOptions& options_;
  const std::shared_ptr<const HashRing> ring_;
  const Clock& clock_;
  HealthMonitor& monitor_;
  ReplicationMetrics& metrics_;
  const size_t homes_;
  HybridClock versions_;
  std::vector<redis::NodeClient*> clients_;
  std::shared_ptr<const Topology> topology_;
  absl::flat_hash_set<WriteOperation*> unanswered_;
  MonotonicTime last_tick_;
  bool skipped_tick_ = false;
  absl::Time warned_of_skew_ = absl::InfinitePast();
  std::atomic<size_t> running_{0};
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SHARD_H_
