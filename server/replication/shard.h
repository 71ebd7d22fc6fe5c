// One shard of the keys: what its operations share. Knows no threads and no sockets; ShardThread
// gives it both, tests give it fakes.
//
// Shard thread only, but for running() and the operations' constructors, which count in it.
#ifndef KACHE_SERVER_REPLICATION_SHARD_H_
#define KACHE_SERVER_REPLICATION_SHARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/byte_budget.h"
#include "base/clock.h"
#include "server/bookkeeping/hint_set.h"
#include "server/bookkeeping/key_space.h"
#include "server/cluster/health_monitor.h"
#include "server/redis/node_client.h"
#include "server/replication/hybrid_clock.h"
#include "server/replication/late_hints.h"
#include "server/replication/placement.h"
#include "server/replication/read_portion.h"
#include "server/replication/record.h"
#include "server/replication/replication_metrics.h"
#include "server/replication/replication_options.h"

namespace kache {

// What is to be told that time passes while it waits (Shard::Watch).
class TimedOperation {
 public:
  // On every tick. May end the operation.
  virtual void TimePassed(MonotonicTime now) = 0;

 protected:
  ~TimedOperation() = default;
};

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
  // connection is not ready, and not UP once one of this shard's writes was missed there.
  NodeView View(NodeId node) const;
  redis::NodeClient& client(NodeId node) { return *clients_[node.index()]; }
  bool IsReady(NodeId node) const { return !clients_.empty() && clients_[node.index()]->Ready(); }

  // Of the MGETs of BatchRead.
  ReadPortion& portion() { return portion_; }

  // What counts the larger records that operations keep; nullptr = they are not counted. Outlives
  // the shard. Before its first operation.
  void SetBudget(ByteBudget* budget) { budget_ = budget; }
  ByteBudget* budget() const { return budget_; }

  const ReplicationOptions& options() const { return options_; }
  const HashRing& ring() const { return *ring_; }
  const Clock& clock() const { return clock_; }
  HybridClock& versions() { return versions_; }
  ReplicationMetrics& metrics() { return metrics_; }

  // The number of home replicas of every key.
  size_t homes() const { return homes_; }
  // Where `key` stands in Redis.
  std::string RedisKey(std::string_view key) const { return keys_.Data(key); }
  const KeySpace& keys() const { return keys_; }
  // How the marker of `node` begins while that is whole.
  const std::string& WholeMarker(NodeId node) const {
    return topology_->nodes[node.index()].whole_marker;
  }
  // How many bytes the hints about one node may take on `holder`; 0 = without a limit.
  int64_t HintBytesBoundOn(NodeId holder) const {
    return HintBytesBound(static_cast<int64_t>(topology_->nodes[holder.index()].maxmemory));
  }
  // How far the node's clock is ahead of clock(); added to every instant that is meant for it.
  absl::Duration ClockOffset(NodeId node) const {
    return topology_->nodes[node.index()].clock_offset;
  }
  // What is left until `deadline`; zero when it has passed.
  absl::Duration Left(MonotonicTime deadline) const;

  // Whether the record, of a node that may lack writes, may have been deleted, and the delete be
  // forgotten: it was written, and the node has lacked writes, for longer than half a tombstone's
  // life. Such a record proves nothing beside a node that is whole and holds nothing.
  bool MayHaveBeenDeleted(NodeId node, const Record& record) const;
  // The same of a node of which only that is known.
  bool MayHaveBeenDeleted(const Record& record) const;

  // Notes a version that some replica holds, and counts and warns when its clock is far ahead.
  void ObserveVersion(const Version& version);
  void ReportWriteRefused(NodeId node, std::string_view answer);
  void ReportWriteAccepted(NodeId node);

  // A node that counts as whole said otherwise in the answer to a read.
  void ReportNotWhole(NodeId node) { monitor_.RequestCheck(node); }

  // A home replica did not take a write, or may not have: it is not read again before it was made
  // whole. The first time, a note of that, and the sentinel of the node's hints, go to all other
  // nodes, ahead of what is sent to them later: whoever knows of a copy that was acknowledged
  // without `node` knows of the doubt, even if this process ends at once.
  void NoteMissed(NodeId node);
  // The same for one other node, ahead of a copy that brings the hint along, or of a late hint:
  // where the connection to `holder` is newer than the note.
  void EnsureNoted(NodeId node, NodeId holder);
  // `holder` does not show the note. Where it was sent on the connection that stands, a further
  // command looks for it, behind it: on a busy node it may still be on its way. If it does not
  // stand then, Redis evicted it, and maybe the hints.
  void RestoreNote(NodeId node, NodeId holder);
  // A connection to the node was made: nothing was noted on it yet. To be called before anything
  // is sent on it.
  void OnConnected(NodeId node);
  // What was missed so far is being seen to: a further miss counts as a new one.
  void CloseMissed(NodeId node);
  // A hint that the node missed a write could not be left with a copy that was acknowledged. Nobody
  // else need be told: this coordinator raises the fence for that miss, and says with it that the
  // node's memory counts as lost (HealthMonitor::OnHintLost). To be called before the write ends.
  void NoteHintLost(NodeId node);
  // The hint could not be left yet: it is, once that is possible (late_hints.h). AwaitWrites waits
  // for it.
  void KeepLateHint(LateHint hint);
  // Calls `done` once all writes that run now have ended.
  void AwaitWrites(absl::AnyInvocable<void()> done);
  // Calls `done` once all nodes that are connected have answered a PING, which goes behind all that
  // is under way to them, and before what waits for its turn; or kPingTimeout has passed.
  static constexpr absl::Duration kPingTimeout = absl::Seconds(1);
  void PingAll(absl::AnyInvocable<void()> done);
  // By every write operation: when it starts, and with what that returned when it ends.
  uint64_t WriteStarted();
  void WriteEnded(uint64_t epoch);
  // Something that AwaitWrites waited for has ended.
  void EndWriteEpochs();

  // Whether the next read at ONE is one of those whose answer is compared with the other home
  // replicas (STALENESS_CHECK_ONE_IN).
  bool NextReadIsCompared() const { return reads_until_compared_ == 1; }
  // By each read at ONE, once: whether it is one of those.
  bool CountRead();

  // What operations without an answer have sent to nodes of commands that are counted (Command::
  // keeps), and what they no longer wait for (lag.h).
  void AddUnanswered(size_t bytes) { unanswered_bytes_ += bytes; }
  void RemoveUnanswered(size_t bytes) { unanswered_bytes_ -= bytes; }
  size_t unanswered_bytes() const { return unanswered_bytes_; }

  // How long nodes may be silent before no operation waits for them.
  static constexpr absl::Duration kSilenceLimit = absl::Milliseconds(400);
  // Whether this node and another one have been silent for kSilenceLimit and for kTriesOfSilence
  // tries (TRY_TIMEOUT_MS) as of the last tick: the fault is the network's, or this coordinator's.
  // One node that is silent alone may merely be slow. The node's state does not change by this.
  static constexpr int kTriesOfSilence = 4;
  bool IsCutOff(NodeId node) const { return cut_off_[node.index()]; }

  // Those who wait are told of time passing by Tick, to be called every kTick.
  static constexpr absl::Duration kTick = absl::Milliseconds(10);
  void Watch(TimedOperation* operation) { watched_.insert(operation); }
  void Unwatch(TimedOperation* operation) { watched_.erase(operation); }
  void Tick();

  // Operations constructed and not yet destroyed. Thread-safe.
  size_t running() const { return running_.load(std::memory_order_acquire); }
  void OperationStarted() { running_.fetch_add(1, std::memory_order_relaxed); }
  void OperationEnded() { running_.fetch_sub(1, std::memory_order_release); }

 private:
  uint64_t DrawReadsUntilCompared() const;
  bool MayBeTold(NodeId node) const;
  void SendNote(const redis::Script& script, NodeId node, NodeId holder);
  void NoteSilence();

  const ReplicationOptions& options_;
  const std::shared_ptr<const HashRing> ring_;
  const Clock& clock_;
  HealthMonitor& monitor_;
  ReplicationMetrics& metrics_;
  const size_t homes_;
  ByteBudget* budget_ = nullptr;
  HybridClock versions_;
  ReadPortion portion_;
  const KeySpace keys_;
  std::vector<redis::NodeClient*> clients_;
  std::shared_ptr<const Topology> topology_;
  struct Missed {
    bool noted = false;      // since the last CloseMissed
    bool hint_lost = false;  // likewise: the monitor was told
    uint64_t count = 0;      // HealthMonitor's, of the newest miss of this shard
    absl::Time since;        // of the first miss of this coordinator that was not made up for
    std::vector<bool> told;  // by NodeId: the note was sent on the connection that stands
  };
  std::vector<Missed> missed_;  // by NodeId
  // Running writes by the epoch that they started in; AwaitWrites begins a new one.
  struct WriteEpoch {
    uint64_t number = 0;
    size_t running = 0;
    std::vector<absl::AnyInvocable<void()>> waiting;  // for this epoch and all before it
  };
  std::deque<WriteEpoch> write_epochs_;  // oldest first, never empty
  LateHints late_hints_{*this};
  size_t unanswered_bytes_ = 0;
  uint64_t reads_until_compared_;  // 0 = none is
  std::vector<bool> cut_off_;      // by NodeId
  absl::flat_hash_set<TimedOperation*> watched_;
  MonotonicTime last_tick_;
  bool skipped_tick_ = false;
  absl::Time warned_of_skew_ = absl::InfinitePast();
  std::atomic<size_t> running_{0};
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_SHARD_H_
