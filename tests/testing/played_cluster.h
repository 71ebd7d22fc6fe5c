// Played nodes and coordinators' recoveries over them, on one fake clock: what a cluster's
// bookkeeping does in hours, in milliseconds.
//
//   PlayedCluster cluster(3, 2);           // nodes, coordinators
//   cluster.Pass(absl::Seconds(5));
//   EXPECT_TRUE(cluster.AllUp());
//   cluster.Miss(0, 1);                    // coordinator 0: node 1 lacks a write
//
// Nodes are "a", "b", ... and homes of each key are `replication_factor` of them.
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_
#define KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prometheus/registry.h"
#include "ring/ring_change.h"
#include "server/recovery/recovery.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/played_node.h"

namespace kache::testing {

class PlayedCoordinator final : private DataPath {
 public:
  PlayedCoordinator(uint64_t id, const FakeClock& clock,
                    std::vector<std::unique_ptr<PlayedNode>>& nodes, const RecoveryConfig& config);
  ~PlayedCoordinator() override;

  void Tick();
  void Deliver();

  // Its connections, those of both shards included.
  void Connect(size_t node);
  // One shard's alone, to whatever process.
  void ConnectShard(size_t shard, size_t node, const std::string& run_id);
  void Disconnect(size_t node);
  // Its connections to the node are lost, and made again to another process.
  void Lead(size_t node, PlayedNode& to);
  bool is_connected(size_t node) const { return connections_[node]->Ready(); }
  void Silence(size_t node, bool silent) { connections_[node]->Silence(silent); }
  // A write of its own passed the node by: as Shard::NoteMissed.
  void Miss(size_t node);
  // Its writes don't end.
  void HoldWrites(bool hold) { holds_writes_ = hold; }
  void SayGoodbye();

  NodeStatus Status(size_t node) const { return monitor_.topology()->nodes[node]; }
  Recovery& recovery() { return *recovery_; }
  std::string WaitingFor(size_t node) const {
    return recovery_->waiting_for(NodeId(static_cast<uint16_t>(node)));
  }
  double Metric(const std::string& name);
  // It has found that it was declared lost.
  bool knows_it_is_lost() const { return knows_it_is_lost_; }
  uint64_t id() const { return id_; }
  uint64_t fingerprint() const { return ring_->Fingerprint(copies_); }

 private:
  void Drain(NodeId node, absl::AnyInvocable<void()> done) override;
  void MeasureWait(absl::AnyInvocable<void(absl::Duration)> done) override;

  const uint64_t id_;
  static constexpr size_t kShards = 2;
  const uint32_t copies_;
  std::vector<std::unique_ptr<PlayedNode>>& nodes_;
  const KeySpace keys_{"kache:"};
  const std::shared_ptr<const HashRing> ring_;
  prometheus::Registry registry_;
  ClusterClock clock_;
  HealthMonitor monitor_;
  RecoveryMetrics metrics_;
  std::vector<std::unique_ptr<PlayedConnection>> connections_;
  std::unique_ptr<Recovery> recovery_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::shared_ptr<const Topology> topology_;  // the newest, on its way to the recovery
  std::deque<absl::AnyInvocable<void()>> drains_;
  bool holds_writes_ = false;
  bool knows_it_is_lost_ = false;
};

class PlayedCluster {
 public:
  explicit PlayedCluster(size_t nodes, size_t coordinators, const RecoveryConfig& config = {});

  // Time passes, a tick after the other; all are connected to what they can reach.
  void Pass(absl::Duration duration, absl::Duration tick = Recovery::kTick);

  PlayedNode& node(size_t index) { return *nodes_[index]; }
  PlayedCoordinator& coordinator(size_t index) { return *coordinators_[index]; }
  // In the place of one that ended without a word.
  void Replace(size_t index);
  // It is not connected yet.
  void ReplaceUnconnected(size_t index);
  void Replace(size_t index, const RecoveryConfig& config);
  void End(size_t index) { coordinators_[index].reset(); }

  void Kill(size_t node);
  // As the same process, unless its memory was lost meanwhile.
  void Return(size_t node);
  void RestartEmpty(size_t node);
  // One coordinator alone can't reach it.
  void Cut(size_t coordinator, size_t node);
  void Mend(size_t coordinator, size_t node);
  // As `kachectl coordinator declare-lost` does it: on all nodes that live. Its connections to
  // these are lost, and no new ones are made.
  void DeclareLost(size_t coordinator);
  // The coordinator stands still while the others go on.
  void Freeze(size_t coordinator, bool frozen) { frozen_[coordinator] = frozen; }

  bool AllUp() const;
  FakeClock& clock() { return clock_; }
  const RecoveryConfig& config() const { return config_; }

 private:
  const RecoveryConfig config_;
  FakeClock clock_;
  std::vector<std::unique_ptr<PlayedNode>> nodes_;
  std::vector<std::unique_ptr<PlayedCoordinator>> coordinators_;
  std::vector<bool> dead_;              // by node
  std::vector<std::vector<bool>> cut_;  // by coordinator and node
  std::vector<bool> frozen_;            // by coordinator
  void Begin(size_t index, const RecoveryConfig& config);
  uint64_t next_id_ = 0x10000;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_
