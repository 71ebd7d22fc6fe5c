// A recovery with its thread: one event loop, and connections of its own to every node, apart from
// those of the data path.
//
// Thread-safe where it says so; else for the thread that owns it.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_THREAD_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_THREAD_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "prometheus/registry.h"
#include "ring/hash_ring.h"
#include "server/cluster/cluster_clock.h"
#include "server/cluster/health_monitor.h"
#include "server/recovery/recovery.h"
#include "server/redis/event_loop.h"
#include "server/redis/redis_client.h"
#include "server/replication/coordinator.h"
#include "server/replication/reconnect_rounds.h"

namespace kache {

struct RecoveryNodes {
  std::vector<redis::Endpoint> endpoints;  // by NodeId
  redis::ClientOptions client;
  redis::NodeClientDecorator decorate;  // its clients
};

class RecoveryThread : private redis::NodeObserver, private DataPath {
 public:
  // Starts its thread, which connects at once. All references outlive the object, except the
  // coordinator: it goes once Stop has returned, and before the object does, as its shards may
  // still be about to wake this thread. `on_declared_lost`: RecoveryContext's, called on the
  // recovery's thread.
  RecoveryThread(
      RecoveryConfig config, RecoveryNodes nodes, std::shared_ptr<const HashRing> ring,
      Coordinator& coordinator, HealthMonitor& monitor, ClusterClock& clock,
      prometheus::Registry& registry, std::function<void()> on_declared_lost = [] {});
  ~RecoveryThread() override;

  // Ends the thread. Idempotent. `complete`: no write was left half done, so all nodes are told
  // goodbye. Else this coordinator's heartbeats stay, and the others find it gone.
  void Stop(bool complete);

  // See Recovery::DeclareLost. Thread-safe; `done` is called once, on the recovery's thread.
  void DeclareLost(std::string name, absl::AnyInvocable<void(absl::Status)> done);

 private:
  void SayGoodbye();

  // DataPath, on the recovery's thread.
  void Drain(NodeId node, absl::AnyInvocable<void()> done) override;
  void RestoreNote(NodeId about, NodeId holder) override;
  void MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) override;

  // redis::NodeObserver, on the recovery's thread.
  void OnConnected(NodeId node, const redis::ServerFacts& facts) override;
  void OnDown(NodeId node, const redis::DownReason& reason) override;
  void OnPing(NodeId node, absl::Duration round_trip) override;

  Coordinator& coordinator_;
  HealthMonitor& monitor_;
  RecoveryMetrics metrics_;
  redis::EventLoop loop_;
  std::vector<std::unique_ptr<redis::RedisClient>> clients_;   // by NodeId; on the thread
  std::vector<std::unique_ptr<redis::NodeClient>> decorated_;  // in tests
  std::unique_ptr<Recovery> recovery_;                         // on the thread
  ReconnectRounds reconnects_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<redis::EventLoop::Timer> tick_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_THREAD_H_
