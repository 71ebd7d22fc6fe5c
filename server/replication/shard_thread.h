// A shard with its thread: one event loop, and a connection of its own to every Redis server.
//
// Lock-free towards the outside: operations come in by Submit. The destructor stops the loop;
// operations that still run are answered UNAVAILABLE first.
#ifndef KACHE_SERVER_REPLICATION_SHARD_THREAD_H_
#define KACHE_SERVER_REPLICATION_SHARD_THREAD_H_

#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "prometheus/registry.h"
#include "server/redis/event_loop.h"
#include "server/redis/redis_client.h"
#include "server/replication/lease_waits.h"
#include "server/replication/node_metrics.h"
#include "server/replication/operation.h"
#include "server/replication/reconnect_rounds.h"
#include "server/replication/shard.h"

namespace kache {

class ShardThread : private redis::NodeObserver {
 public:
  // All references outlive the object. `shard` is given to the thread. `lag_bytes`: what its nodes
  // may be behind together (lag.h).
  ShardThread(size_t index, std::unique_ptr<Shard> shard, HealthMonitor& monitor,
              const std::vector<redis::Endpoint>& endpoints, const redis::ClientOptions& options,
              size_t lag_bytes, const redis::NodeClientDecorator& decorate,
              prometheus::Registry& registry);
  ~ShardThread() override;

  Shard& shard() { return *shard_; }
  // Its thread only.
  LeaseWaits& lease_waits() { return lease_waits_; }
  // Thread-safe. Takes the operation over; it owns itself from here on.
  void Submit(Operation* operation) { loop_.Post(operation); }

  // Thread-safe; for rare events.
  void Post(absl::AnyInvocable<void()> function) { loop_.PostFunction(std::move(function)); }

  void OnTopology(std::shared_ptr<const Topology> topology);

 private:
  void ConnectAll(const std::vector<redis::Endpoint>& endpoints,
                  const redis::ClientOptions& options, const redis::NodeClientDecorator& decorate);
  bool MostNodesAreSilent() const;
  bool MayQueue(size_t node, size_t counted_bytes) const;

  void OnConnected(NodeId node, const redis::ServerFacts& facts) override;
  void OnDown(NodeId node, const redis::DownReason& reason) override;
  void OnPing(NodeId node, absl::Duration round_trip) override;

  const size_t index_;
  const size_t lag_bytes_;
  HealthMonitor& monitor_;
  NodeMetrics node_metrics_;
  redis::EventLoop loop_;
  std::unique_ptr<Shard> shard_;
  LeaseWaits lease_waits_;
  std::vector<std::unique_ptr<redis::RedisClient>> clients_;   // by NodeId; on the thread
  std::vector<std::unique_ptr<redis::NodeClient>> decorated_;  // what the shard uses, in tests
  ReconnectRounds reconnects_;
  std::unique_ptr<redis::EventLoop::Timer> tick_;
  std::unique_ptr<redis::EventLoop::Timer> metrics_tick_;
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SHARD_THREAD_H_
