// Watches all nodes: gathers what the shards' connections and writes see, lets one HealthTracker
// for each node decide its state, and publishes a new Topology for every change.
//
// Thread-safe. Observers are called one at a time, in the order of the changes, on the thread that
// brought the change; they must be quick, and may read from the monitor but tell it nothing.
#ifndef KACHE_SERVER_CLUSTER_HEALTH_MONITOR_H_
#define KACHE_SERVER_CLUSTER_HEALTH_MONITOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/hash_ring.h"
#include "server/cluster/health_tracker.h"
#include "server/cluster/pace_watch.h"
#include "server/cluster/process_watch.h"
#include "server/cluster/topology.h"
#include "server/redis/node_client.h"

namespace kache {

class HealthMonitor {
 public:
  using Observer = std::function<void(std::shared_ptr<const Topology>)>;

  // `clock` outlives the monitor. A node is used once its connections of all `shards` are ready and
  // it was checked (SetStandings).
  // `outlier_at_least`: how slow a node must be to be left out of reads (PaceWatch).
  HealthMonitor(std::shared_ptr<const HashRing> ring, size_t shards, const Clock& clock,
                absl::Duration outlier_at_least = absl::Milliseconds(100));

  // Calls `observer` with every new topology, and at once with the current one, until the returned
  // handle is destroyed (which waits for a call that is under way). The handle must not outlive
  // the monitor.
  class Observation {
   public:
    Observation(HealthMonitor& monitor, uint64_t id) : monitor_(monitor), id_(id) {}
    ~Observation() { monitor_.StopObserving(id_); }
    Observation(const Observation&) = delete;
    Observation& operator=(const Observation&) = delete;

   private:
    HealthMonitor& monitor_;
    const uint64_t id_;
  };
  [[nodiscard]] std::unique_ptr<Observation> Observe(Observer observer);

  std::shared_ptr<const Topology> topology() const;

  struct Ping {
    absl::Time at = absl::InfinitePast();  // infinitely past = none yet
    absl::Duration round_trip;
  };
  // The newest answered ping of every node, by NodeId.
  std::vector<Ping> pings() const;

  // How far making a node whole is, whichever coordinator does it; by NodeId.
  struct Recovery {
    bool resyncing = false;
    uint64_t keys_done = 0;
    uint64_t keys_left = 0;  // about
    uint64_t keys_per_second = 0;
    std::string waiting_for;      // what it can't go on without, for people; empty = it goes on
    int64_t swept_unix_ms = 0;    // when the last sweep of the node ended; 0 = not known
    uint64_t keys = 0;            // all of the node's database
    absl::Duration clock_offset;  // its clock ahead of cluster time, as measured
  };
  std::vector<Recovery> recoveries() const;
  void SetRecoveries(std::vector<Recovery> recoveries);

  // What a shard saw. See redis::NodeObserver.
  void OnConnected(size_t shard, NodeId node, const redis::ServerFacts& facts);
  void OnDown(size_t shard, NodeId node, const redis::DownReason& reason);
  void OnPing(NodeId node, absl::Duration round_trip);
  // What the recovery's own connection saw. It counts for which process it reaches; and while there
  // is none, the node is not inspected for that reason.
  void OnRecoveryConnected(NodeId node, const redis::ServerFacts& facts);
  void OnRecoveryDown(NodeId node, const redis::DownReason& reason);
  // The node answered a write with an error by which a living server refuses it. The reason is the
  // kind's name, or "write_refused" for an error that Kache does not know. `answer` is Redis's.
  void OnWriteRefused(NodeId node, std::string_view answer);
  // The node answered its inspection with an error; and later without one.
  void OnInspectionRefused(NodeId node, std::string_view answer);
  void OnInspectionAnswered(NodeId node);
  // The node took a write although its state said that it refuses them.
  void OnWriteAccepted(NodeId node);
  // The node lacks a write that another took. Returns NodeStatus::missed.
  uint64_t OnWriteMissed(NodeId node);
  // A write that the node missed has no hint, and can get none. Counts as another miss; topology()
  // shows it (NodeStatus::hints_lost) when this returns.
  void OnHintLost(NodeId node);
  // The node may lack writes since then.
  void OnMayLackWrites(NodeId node, absl::Time since);
  // Other coordinators reach another process under the node's name: all connections are made anew,
  // though no more often than ProcessWatch::kRound.
  void RequestReconnect(NodeId node);
  // What checking all nodes came to, by NodeId. They change together.
  void SetStandings(const std::vector<Standing>& standings);

  // This coordinator reaches less than half of the nodes that others reach (Topology).
  void SetInMinority(bool in_minority);

  // Calls `checker` whenever somebody asks for a node to be checked now. Thread-safe; `checker` is
  // called under a lock, must be quick, and may call nothing of the monitor. Null = nobody.
  void SetChecker(std::function<void(NodeId)> checker);
  void RequestCheck(NodeId node);

  // Ends back-offs that are over; to be called a few times a second.
  void Tick();

 private:
  void StopObserving(uint64_t id);
  void PublishIfChanged() ABSL_LOCKS_EXCLUDED(mutex_);
  void Change(NodeId node, const std::function<void(HealthTracker&)>& change);
  // Tells the node's ProcessWatch, and its tracker of what that finds.
  void NoteProcesses(NodeId node, const std::function<void(ProcessWatch&, MonotonicTime now)>& note)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Logs, once for each node, that its connections have no names.
  void WarnIfUnnamed(NodeId node, const redis::ServerFacts& facts) ABSL_LOCKS_EXCLUDED(mutex_);
  // Logs why the node can't be used, or refuses writes. Each message once, until the node is UP:
  // the connections of several shards may fail in turn, each for a reason of its own.
  void Tell(NodeId node, std::string_view what, const std::string& reason,
            const std::string& message) ABSL_LOCKS_EXCLUDED(mutex_);
  std::string OtherNodeWith(const std::string& run_id, NodeId node) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgeDuplicatesAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const HashRing> ring_;
  const size_t shards_;
  const Clock& clock_;
  // Held while observers are told, so that they see the changes in order.
  std::mutex publishing_ ABSL_ACQUIRED_BEFORE(mutex_);
  std::map<uint64_t, Observer> observers_ ABSL_GUARDED_BY(publishing_);
  uint64_t next_observer_ ABSL_GUARDED_BY(publishing_) = 0;
  mutable std::mutex mutex_;
  std::vector<HealthTracker> trackers_ ABSL_GUARDED_BY(mutex_);
  // By NodeId. The connections are those of the shards, and the recovery's as the last.
  std::vector<ProcessWatch> processes_ ABSL_GUARDED_BY(mutex_);
  std::vector<bool> warned_unnamed_ ABSL_GUARDED_BY(mutex_);  // by NodeId
  // By NodeId: what Tell has logged since the node was UP, a few messages.
  std::vector<std::vector<std::string>> told_ ABSL_GUARDED_BY(mutex_);
  std::vector<Ping> pings_ ABSL_GUARDED_BY(mutex_);
  PaceWatch paces_ ABSL_GUARDED_BY(mutex_);
  std::vector<Recovery> recoveries_ ABSL_GUARDED_BY(mutex_);
  bool in_minority_ ABSL_GUARDED_BY(mutex_) = false;
  std::mutex checking_;
  std::function<void(NodeId)> checker_ ABSL_GUARDED_BY(checking_);
  std::shared_ptr<const Topology> topology_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_HEALTH_MONITOR_H_
