// What the parts of a recovery share: the nodes, the settings, and what is around them. It outlives
// the parts. For the recovery's thread alone.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_CONTEXT_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ring/hash_ring.h"
#include "server/bookkeeping/key_space.h"
#include "server/cluster/cluster_clock.h"
#include "server/cluster/health_monitor.h"
#include "server/recovery/recovery_config.h"
#include "server/recovery/recovery_metrics.h"
#include "server/redis/node_client.h"

namespace kache {

// What the recovery asks of the data path. Callbacks come on the recovery's thread, never from
// inside the call.
class DataPath {
 public:
  virtual ~DataPath() = default;
  // Calls `done` once all writes that run now have ended; see Coordinator::Settle.
  virtual void Drain(NodeId node, absl::AnyInvocable<void()> done) = 0;
  // See Shard::RestoreNote.
  virtual void RestoreNote(NodeId about, NodeId holder) = 0;
  // See Coordinator::MeasureLatency.
  virtual void MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) = 0;
};

struct RecoveryContext {
  RecoveryConfig config;
  std::shared_ptr<const HashRing> ring;
  KeySpace keys;
  uint64_t self;  // this coordinator
  uint64_t fingerprint;
  HealthMonitor& monitor;
  ClusterClock& clock;  // is told of the nodes' clocks
  DataPath& data_path;
  RecoveryMetrics& metrics;
  std::vector<redis::NodeClient*> clients;  // by NodeId
  std::shared_ptr<const Topology> topology;
  // Called once, when this coordinator finds that an operator declared it lost: nothing that it
  // does counts any more, so its process is to end.
  std::function<void()> on_declared_lost = [] {};
  bool stopped = false;  // Recovery::Stop; the clients may be gone

  static constexpr absl::Duration kTimeout = absl::Seconds(2);  // of a command
  static constexpr absl::Duration kRetry = absl::Seconds(1);

  size_t nodes() const { return ring->nodes(); }
  std::vector<NodeId> all_nodes() const {
    std::vector<NodeId> all;
    for (size_t i = 0; i < nodes(); ++i) all.emplace_back(static_cast<uint16_t>(i));
    return all;
  }
  const std::string& name(NodeId node) const { return ring->names()[node.index()]; }
  const NodeStatus& status(NodeId node) const { return topology->nodes[node.index()]; }
  bool is_up(NodeId node) const { return status(node).state == NodeState::kUp; }
  // Commands can be sent, and reach the one process that answers for the name.
  bool is_ready(NodeId node) const {
    return !stopped && clients[node.index()]->Ready() &&
           status(node).processes == ProcessAgreement::kOne;
  }
  MonotonicTime now() const { return clock.Monotonic(); }
  // When to try again what did not work.
  MonotonicTime retry_at() const { return now() + absl::ToChronoNanoseconds(kRetry); }
  // The ring, for people.
  std::string DescribeRing() const;

  using OnReply = absl::AnyInvocable<void(const absl::StatusOr<redis::Reply>&)>;
  void Send(NodeId node, redis::Command command, OnReply done) {
    clients[node.index()]->Send(
        std::move(command), kTimeout,
        [done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable { done(reply); });
  }
  // For what shows in the next inspection.
  void Send(NodeId node, redis::Command command) {
    Send(node, std::move(command), [](const absl::StatusOr<redis::Reply>&) {});
  }
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_CONTEXT_H_
