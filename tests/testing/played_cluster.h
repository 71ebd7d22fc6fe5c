// Played nodes and coordinators' recoveries over them, on one fake clock: what a cluster does in
// hours, in milliseconds.
//
//   PlayedCluster cluster(3, 2);                     // nodes, coordinators
//   cluster.Pass(absl::Seconds(5));
//   EXPECT_TRUE(cluster.AllUp());
//   cluster.coordinator(0).Miss(1);                  // node 1 lacks a write of its
//   cluster.coordinator(0).Write({"k", "value"});    // by the data path's rules (PlanWrite)
//
// Nodes are "a", "b", ... and homes of each key are `replication_factor` of them.
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_
#define KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/recovery/recovery.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/played_coordinator.h"
#include "tests/testing/played_node.h"

namespace kache::testing {

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
  // The coordinator stands still while the others go on. It notices what became of its connections
  // once it goes on.
  void Freeze(size_t coordinator, bool frozen);
  bool is_frozen(size_t coordinator) const { return frozen_[coordinator]; }
  // The node stands still; its connections are lost once they have been silent for kSilence.
  static constexpr absl::Duration kSilence = absl::Seconds(3);
  void Stall(size_t node);
  void GoOn(size_t node);
  bool is_dead(size_t node) const { return dead_[node]; }
  bool is_cut(size_t coordinator, size_t node) const { return cut_[coordinator][node]; }
  bool is_gone(size_t coordinator) const { return coordinators_[coordinator] == nullptr; }
  size_t nodes() const { return nodes_.size(); }
  size_t coordinators() const { return coordinators_.size(); }

  // PlayedNode::SetPageKeys, of all nodes.
  void SetPageKeys(size_t keys) {
    for (const auto& node : nodes_) node->SetPageKeys(keys);
  }

  bool AllUp() const;
  FakeClock& clock() { return clock_; }
  const RecoveryConfig& config() const { return config_; }

 private:
  void Begin(size_t index, const RecoveryConfig& config);
  bool IsReachable(size_t coordinator, size_t node) const;
  void Lose(size_t coordinator, size_t node);
  void Join(size_t coordinator, size_t node);
  void LoseOnAll(size_t node);
  void JoinOnAll(size_t node);

  const RecoveryConfig config_;
  FakeClock clock_;
  std::vector<std::unique_ptr<PlayedNode>> nodes_;
  std::vector<std::unique_ptr<PlayedCoordinator>> coordinators_;
  std::vector<bool> dead_;                                   // by node
  std::vector<std::vector<bool>> cut_;                       // by coordinator and node
  std::vector<bool> frozen_;                                 // by coordinator
  std::vector<std::optional<MonotonicTime>> stalled_since_;  // by node
  uint64_t next_id_ = 0x10000;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_CLUSTER_H_
