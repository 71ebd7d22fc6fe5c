// A Coordinator over real redis-servers: the data path without gRPC.
//
//   CoordinatorCluster cluster;                    // 4 servers, all UP
//   EXPECT_TRUE(cluster.Put("k", "v").ok());
//   EXPECT_EQ(cluster.Get("k")->value, "v");
//
// The calls wait for the answer; their deadline is one that no test should reach. Faults of the
// set-up end the test program. Thread-safe where it says so, else thread-compatible.
#ifndef KACHE_TESTS_TESTING_COORDINATOR_CLUSTER_H_
#define KACHE_TESTS_TESTING_COORDINATOR_CLUSTER_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/notification.h"
#include "prometheus/registry.h"
#include "ring/ring_change.h"
#include "server/recovery/recovery_thread.h"
#include "server/replication/coordinator.h"
#include "tests/testing/redis_server.h"

namespace kache::testing {

class CoordinatorCluster {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  struct Options {
    size_t servers = 4;
    uint32_t vnodes = 100;
    size_t shards = 2;
    ReplicationOptions replication;
    absl::Duration sweep_interval = absl::Seconds(600);
    uint32_t sweep_keys_per_second = 5000;
    uint32_t resync_keys_per_second = 100000;
    absl::Duration max_clock_skew = absl::Seconds(5);
    std::optional<RingChange> accept_ring;
    // Where `server` is reached by; empty = at its own endpoint.
    std::function<redis::Endpoint(size_t server, const RedisServer& at)> endpoint;
    bool wait_until_up = true;
  };
  // No replica that is slow for a moment counts as late.
  static Options Patient() {
    Options options;
    options.replication.try_timeout = absl::Seconds(15);
    return options;
  }
  CoordinatorCluster() : CoordinatorCluster(Options()) {}
  explicit CoordinatorCluster(const Options& options);
  // A further coordinator over the servers of `beside`; its nodes need not be UP yet.
  CoordinatorCluster(const Options& options, const CoordinatorCluster& beside);
  ~CoordinatorCluster();

  // Thread-safe.
  absl::StatusOr<Receipt> Put(const std::string& key, const std::string& value,
                              absl::Duration ttl = absl::ZeroDuration(),
                              Consistency consistency = Consistency::kOne);
  absl::StatusOr<ReadResult> Get(const std::string& key, const ReadOptions& options = {});
  absl::StatusOr<Receipt> Delete(const std::string& key,
                                 Consistency consistency = Consistency::kOne);
  absl::StatusOr<TouchResult> Touch(const std::string& key, absl::Duration ttl,
                                    Consistency consistency = Consistency::kOne,
                                    const Stamp& stamp = {});
  absl::StatusOr<Location> Locate(const std::string& key);
  // For callers that don't wait.
  Coordinator& coordinator() { return *coordinator_; }
  static MonotonicTime Deadline() {
    return std::chrono::steady_clock::now() + absl::ToChronoMicroseconds(kPatience);
  }

  RedisServer& server(size_t index) { return *servers_[index]; }
  size_t servers() const { return servers_.size(); }
  // The numbers of the key's home replicas, nearest first.
  std::vector<size_t> HomesOf(const std::string& key) const;
  uint64_t RingFingerprint() const { return ring_->Fingerprint(replication_factor_); }
  // Some key whose nearest home replica is `server`; the same for the same `salt`.
  std::string KeyAt(size_t server, const std::string& salt = "") const;
  // What a server says to PEXPIRETIME of the key.
  int64_t EndOf(const std::string& key, size_t server);

  // As the shards have been told: operations that come later see it, or what is newer.
  NodeStatus Status(size_t index) const;
  [[nodiscard]] bool WaitForState(size_t index, NodeState state);
  // True once the state is another, or UP again, since Status(index).since was `before`.
  [[nodiscard]] bool WaitForChange(size_t index, absl::Time before);
  // Does it to a server that is UP, and waits until that is noticed. By then it may be UP again.
  void Hit(size_t index, const std::function<void(RedisServer&)>& fault);
  [[nodiscard]] static bool Eventually(const std::function<bool()>& condition);
  // True once all servers are UP.
  [[nodiscard]] bool WaitUntilAllUp();
  // What a resync of the server waits for, for people.
  std::string WaitingFor(size_t index) const { return monitor_->recoveries()[index].waiting_for; }
  absl::Status DeclareLost(const std::string& name);
  prometheus::Registry& registry() { return registry_; }

  void DestroyCoordinator() { EndCoordinator(/*says_goodbye=*/true); }
  // Its leases and heartbeats stay, as those of a process that is killed.
  void KillCoordinator() { EndCoordinator(/*says_goodbye=*/false); }

 private:
  void EndCoordinator(bool says_goodbye) {
    recovery_->Stop(says_goodbye);
    coordinator_.reset();
  }
  using Servers =
      std::vector<std::shared_ptr<RedisServer>>;  // shared by the coordinators over them
  static Servers StartServers(size_t count);
  CoordinatorCluster(const Options& options, Servers servers);
  void TickUntilStopped();

  const uint32_t replication_factor_;
  const size_t homes_;
  const SystemClock own_clock_;
  std::unique_ptr<ClusterClock> clock_;
  prometheus::Registry registry_;
  const Servers servers_;
  std::shared_ptr<const HashRing> ring_;
  std::unique_ptr<HealthMonitor> monitor_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<RecoveryThread> recovery_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Topology> topology_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HealthMonitor::Observation> observation_;  // made after the coordinator's
  Notification stop_;
  std::thread ticker_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_COORDINATOR_CLUSTER_H_
