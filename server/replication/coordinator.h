// What a read and a write mean, over all shards: picks the key's shard and hands the operation to
// it. The one face that api/ sees of the data path.
//
// A write for which there is no room (CoordinatorConfig::budget) is answered
// RESOURCE_EXHAUSTED before anything is done, inside the call.
//
// Thread-safe. The strings behind key and value must stay alive until the callback is called.
// Validation (sizes, ranges) is the caller's.
#ifndef KACHE_SERVER_REPLICATION_COORDINATOR_H_
#define KACHE_SERVER_REPLICATION_COORDINATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/byte_budget.h"
#include "base/clock.h"
#include "prometheus/registry.h"
#include "server/cluster/health_monitor.h"
#include "server/redis/redis_client.h"
#include "server/replication/batch_read.h"
#include "server/replication/consistency.h"
#include "server/replication/operation_times.h"
#include "server/replication/replication_metrics.h"
#include "server/replication/replication_options.h"
#include "server/replication/results.h"
#include "server/replication/write_operation.h"

namespace kache {

struct CoordinatorConfig {
  size_t shards = 1;
  std::vector<redis::Endpoint> endpoints;  // by NodeId
  redis::ClientOptions client;
  ReplicationOptions replication;
  redis::NodeClientDecorator decorate;  // the shards' clients
  // Counts what larger writes take until the last node has them, and larger records that reads keep
  // while they wait for further nodes. Outlives the coordinator. nullptr = they are not counted.
  ByteBudget* budget = nullptr;
  // What the nodes may be behind together, on the connections of each shard (lag.h).
  size_t lag_bytes = size_t{64} << 20;
};

class ShardThread;

class Coordinator {
 public:
  // What a larger write counts for in the budget beside its request: its record, and the command
  // that brings it to the nodes.
  static constexpr int64_t kCopiesOfWrite = 2;

  // Starts the shards' threads, which connect at once. `monitor`, `clock` and `registry` outlive
  // the coordinator.
  Coordinator(CoordinatorConfig config, std::shared_ptr<const HashRing> ring,
              HealthMonitor& monitor, const Clock& clock, prometheus::Registry& registry);
  // Stops at once; operations that are still running are answered UNAVAILABLE first.
  ~Coordinator();

  void Get(std::string_view key, const ReadOptions& options, OperationTiming timing,
           ReadCallback done);
  // Many keys at ONE, without a min_version: as if each had been read by Get, at a lower cost.
  // The results go to `sink`, which may be gone when this returns.
  struct KeyRead {
    std::string_view key;
    size_t index;  // as BatchReadSink::Take is told
  };
  void GetMany(absl::Span<const KeyRead> reads, const OperationTiming& timing, BatchReadSink& sink);
  struct WriteOptions {
    Consistency consistency = Consistency::kOne;
    Stamp stamp = {};  // of a caller that may send the write again; else this coordinator's clock
    absl::Duration ttl = absl::ZeroDuration();  // of a Put; zero = does not expire
    // What the caller's request counts for in the budget already, at most.
    int64_t held_bytes = 0;
  };
  void Put(std::string_view key, std::string_view value, const WriteOptions& options,
           OperationTiming timing, WriteCallback done);
  void Delete(std::string_view key, const WriteOptions& options, OperationTiming timing,
              WriteCallback done);
  void Locate(std::string_view key, OperationTiming timing, LocateCallback done);

  // Calls `done`, on some shard's thread, once all writes that run now have ended. From then on all
  // that `node` lacks was noted by Shard::NoteMissed before, or is noted anew.
  void Settle(NodeId node, absl::AnyInvocable<void()> done);

  // See Shard::RestoreNote.
  void RestoreNote(NodeId about, NodeId holder);

  // Calls `done`, on some shard's thread, with how long an operation of one command takes now, by
  // the slowest shard and node: until its shard begins it, and until a node that is connected
  // answers.
  void MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done);

  // Waits until no operation runs, replicas in the background included, for `timeout` at most.
  // False when the time was not enough. No new operations must come meanwhile.
  bool Drain(absl::Duration timeout);

  // Identifies this process, and its clock in versions; the lower 16 bits are 0.
  uint64_t id() const { return id_; }
  // Cluster time.
  absl::Time Now() const { return clock_.Now(); }

 private:
  // Runs `work` on each shard's thread, which calls `ended` once; the last of them calls `done`.
  void OnEachShard(const std::function<void(Shard& shard, absl::AnyInvocable<void()> ended)>& work,
                   absl::AnyInvocable<void()> done);
  void Write(WriteOperation::Write write, int64_t held_bytes, OperationTiming timing,
             WriteCallback done);
  size_t ShardIndex(uint64_t token) const;
  ShardThread& ShardOf(uint64_t token) { return *shards_[ShardIndex(token)]; }

  const uint64_t id_;
  const Clock& clock_;
  const ReplicationOptions options_;
  ByteBudget* const budget_;
  ReplicationMetrics metrics_;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  std::unique_ptr<HealthMonitor::Observation> observation_;  // ends before the shards do
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_COORDINATOR_H_
