// A coordinator over played nodes: its recovery, and one shard of its data path, which writes.
//
// Commands go out and replies come in by Arrive, Tick and Deliver; PlayedCluster calls these.
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_COORDINATOR_H_
#define KACHE_TESTS_TESTING_PLAYED_COORDINATOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prometheus/registry.h"
#include "server/recovery/recovery.h"
#include "server/replication/consistency.h"
#include "server/replication/record.h"
#include "server/replication/replication_metrics.h"
#include "server/replication/replication_options.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/played_connection.h"
#include "tests/testing/played_node.h"

namespace kache::testing {

// A write as a coordinator of the data path does it.
struct PlayedWrite {
  std::string key;
  std::optional<std::string> value;  // nullopt = a delete
  uint64_t stamp = 0;                // Version::timestamp; 0 = by the clock
  // Told, where it was acknowledged, once all nodes have answered or could not.
  std::function<void(const Version&)> acknowledged = {};
  absl::Duration ttl = {};  // zero = does not expire
  Consistency consistency = Consistency::kOne;
  // Told the answer, as soon as it comes.
  std::function<void(const absl::StatusOr<Receipt>&)> answered = {};
};

class PlayedCoordinator final : private DataPath {
 public:
  PlayedCoordinator(uint64_t id, const FakeClock& clock,
                    std::vector<std::unique_ptr<PlayedNode>>& nodes, const RecoveryConfig& config);
  ~PlayedCoordinator() override;

  // Commands reach their nodes, also while it stands still itself.
  void Arrive();
  void Tick();
  void Deliver();

  // Its connections, those of both shards included.
  void Connect(size_t node);
  // One shard's alone, to whatever process.
  void ConnectShard(size_t shard, size_t node, const std::string& run_id);
  void ConnectRecovery(size_t node, const std::string& run_id);
  void Disconnect(size_t node);
  // Its connections to the node are lost, and made again to another process.
  void Lead(size_t node, PlayedNode& to);
  // They are gone, and it has not noticed yet.
  void Sever(size_t node);
  bool is_connected(size_t node) const { return connections_[node]->Ready(); }
  bool is_severed(size_t node) const { return connections_[node]->severed(); }
  // A write of its own passed the node by: as Shard::NoteMissed.
  void Miss(size_t node);
  // As WriteOperation does it.
  void Write(PlayedWrite write);
  // At QUORUM, as QuorumRead does it.
  void Read(std::string key, std::function<void(const absl::StatusOr<ReadResult>&)> done);
  // How many of its writes have not ended.
  size_t running_writes() const { return shard_.running(); }
  // How long commands take to nodes, and replies back.
  void SetLag(absl::Duration lag);
  // Its writes don't end.
  void HoldWrites(bool hold) { holds_writes_ = hold; }
  void SayGoodbye();

  NodeStatus Status(size_t node) const { return monitor_.topology()->nodes[node]; }
  Recovery& recovery() { return *recovery_; }
  const HashRing& ring() const { return *ring_; }
  PreferenceList HomesOf(const std::string& key) const;
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
  void RestoreNote(NodeId about, NodeId holder) override { shard_.RestoreNote(about, holder); }
  void MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) override;

  static constexpr size_t kShards = 2;

  const uint64_t id_;
  const uint32_t copies_;
  const ReplicationOptions options_;
  std::vector<std::unique_ptr<PlayedNode>>& nodes_;
  const KeySpace keys_{"kache:"};
  const std::shared_ptr<const HashRing> ring_;
  prometheus::Registry registry_;
  ClusterClock clock_;
  HealthMonitor monitor_;
  RecoveryMetrics metrics_;
  ReplicationMetrics data_metrics_;
  Shard shard_;
  std::vector<std::unique_ptr<PlayedConnection>> connections_;
  std::vector<std::unique_ptr<PlayedConnection>> data_connections_;  // of shard 0, which writes
  std::unique_ptr<Recovery> recovery_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::shared_ptr<const Topology> topology_;        // the newest, on its way to the recovery
  std::deque<absl::AnyInvocable<void()>> drained_;  // callbacks that are due
  bool holds_writes_ = false;
  bool knows_it_is_lost_ = false;
  bool ended_ = false;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_COORDINATOR_H_
