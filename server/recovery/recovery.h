// Keeps every node either whole or known not to be: checks markers and notes, raises and lifts
// fences, refills nodes, and sweeps. docs/consistency.md says what that promises; here is how.
//
//  * A *look* at every node, each PING_INTERVAL_SECONDS, at once after a connection was made, and
//    several times a second while any node is not UP. Judge (judge.h) turns all looks together into
//    standings, which HealthMonitor makes states of.
//  * A node that missed writes of this coordinator is *fenced* as soon as it can be reached again:
//    its marker says "syncing", with a higher sync. So is one without a right marker.
//  * A coordinator that sees a fence lets the writes that it has begun end (Coordinator::Settle),
//    and says so on the node. Once all that live have, what the node lacks is on its peers.
//  * Whoever then gets the node's lease refills it (resync.h) and lifts the fence by
//    compare-and-set, or else finds that a later fence was raised, and begins again.
//  * One node after another is swept (sweep.h), each SWEEP_INTERVAL_SECONDS, and at once after a
//    resync, and when a coordinator is gone that did not say goodbye.
//
// One thread with an event loop and connections of its own, apart from those of the data path.
// Thread-safe where it says so; else for the thread that owns it.
//
// Bodies: recovery.cc (looks), recovery_fences.cc, recovery_jobs.cc, recovery_reports.cc.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "prometheus/registry.h"
#include "ring/hash_ring.h"
#include "ring/ring_change.h"
#include "server/cluster/cluster_clock.h"
#include "server/cluster/health_monitor.h"
#include "server/recovery/judge.h"
#include "server/recovery/look.h"
#include "server/recovery/loss_watch.h"
#include "server/recovery/recovery_metrics.h"
#include "server/recovery/resync.h"
#include "server/recovery/sweep.h"
#include "server/recovery/yielding_rate.h"
#include "server/redis/event_loop.h"
#include "server/redis/redis_client.h"
#include "server/replication/coordinator.h"
#include "server/replication/key_space.h"

namespace kache {

struct RecoveryConfig {
  std::vector<redis::Endpoint> endpoints;  // by NodeId
  redis::ClientOptions client;
  std::string key_prefix = "kache:";
  uint32_t replication_factor = 3;
  absl::Duration check_interval = absl::Seconds(3);
  absl::Duration tombstone_ttl = absl::Seconds(3600);
  absl::Duration sweep_interval = absl::Seconds(600);
  absl::Duration max_clock_skew = absl::Seconds(5);
  absl::Duration max_write_age = absl::Seconds(600);
  uint32_t resync_keys_per_second = 100000;
  uint32_t sweep_keys_per_second = 5000;
  // Markers of the ring that it comes from are overwritten where this coordinator's ring is the one
  // that it leads to: once on each node.
  std::optional<RingChange> accept_ring;
  redis::NodeClientDecorator decorate;  // its clients
};

class Recovery : private redis::NodeObserver {
 public:
  // Starts its thread, which connects at once. All references outlive the recovery, except that the
  // coordinator may go once Stop has returned.
  Recovery(RecoveryConfig config, std::shared_ptr<const HashRing> ring, Coordinator& coordinator,
           HealthMonitor& monitor, ClusterClock& clock, prometheus::Registry& registry);
  ~Recovery() override;

  // Says goodbye on all nodes, and ends the thread. Idempotent.
  void Stop();

  // Gives a node up for good: others no longer wait for what it alone may hold. Undone when the
  // node comes back and was made whole. NOT_FOUND for a name that is not on the ring,
  // FAILED_PRECONDITION for a node that can be reached. Thread-safe; `done` is called once, on the
  // recovery's thread.
  void Forsake(std::string name, absl::AnyInvocable<void(absl::Status)> done);

 private:
  struct Node {
    std::unique_ptr<redis::RedisClient> client;
    std::unique_ptr<redis::NodeClient> decorated;  // in tests
    bool attempted = false;
    // The look.
    std::optional<Look> look;
    uint64_t look_changes = 0;     // NodeStatus::connection_changes when it was sent
    MonotonicTime looked_at;       // when the last one was sent
    MonotonicTime look_sent_at;    // when `look` was
    MonotonicTime marker_seen_at;  // when its marker was first seen as it is
    bool looking = false;
    bool look_due = true;
    bool accepts_ring = false;
    uint32_t looks_without_marker = 0;
    // Our doubts: NodeStatus::missed up to which a fence was raised, and up to which resolved.
    uint64_t fenced = 0;
    uint64_t fence_sync = 0;
    uint64_t resolved = 0;
    bool fencing = false;  // a fence is on its way
    uint64_t settled = 0;  // the sync that our writes have settled for
    bool settling = false;
    // Resync and sweep.
    std::string waiting_for;
    std::string logged_waiting_for;
    // Of sources that were not whole: brought for the sync `brought_for`, and to be brought again
    // by its last resync.
    uint64_t brought_for = 0;
    std::vector<std::string> brought_run_ids;
    MonotonicTime resync_not_before;
    MonotonicTime sweep_not_before;
  };

  // recovery.cc
  void Connect();
  void Tick();
  void SendLook(NodeId node);
  void OnLook(NodeId node, uint64_t changes, absl::StatusOr<redis::Reply> reply);
  void NoteTime(NodeId node, absl::Time told);
  void NoteLook(Node& node, Look look);
  std::optional<NodeId> Find(std::string_view name) const;
  void OnTopology(std::shared_ptr<const Topology> topology);
  void OnConnected(NodeId node, const redis::ServerFacts& facts) override;
  void OnDown(NodeId node, const redis::DownReason& reason) override;
  void OnPing(NodeId node, absl::Duration round_trip) override;
  Evidence MakeEvidence() const;
  void Reconsider();

  // recovery_reports.cc
  void Publish(const std::vector<Assessment>& assessments);
  void PublishProgress();
  void LogAcceptedChange() const;
  void WarnOfRings(const std::vector<Assessment>& assessments);
  void WarnOfLosses(Evidence evidence);
  void NoteNotWhole(const std::vector<Assessment>& assessments);
  void ShareMembers(const Evidence& evidence, NodeId node);
  void LogWaiting(NodeId node);

  // recovery_fences.cc
  void Act(const Evidence& evidence, NodeId node, const Assessment& assessment);
  void WriteFirstMarker(NodeId node);
  void Fence(NodeId node, const std::string& mode, int64_t since_ms, uint64_t missed);
  void OnFenced(NodeId node, uint64_t missed, const absl::StatusOr<redis::Reply>& reply);
  void NoteRefusal(NodeId node, std::string_view what, const absl::StatusOr<redis::Reply>& reply);
  void ProbeWrite(NodeId node);
  void FenceMissed(NodeId node);
  void SettleIfFenced(NodeId node);
  void ResolveIfWhole(NodeId node);
  void ForgetSeenTo(NodeId node);
  void Forget(NodeId node, const std::string& hash, const std::string& field,
              const std::string& number, absl::AnyInvocable<void()> done = nullptr);
  void ForgetOnAll(const std::string& hash, const std::string& field, const std::string& number);
  void BuryCoordinators(const Evidence& evidence, NodeId node);
  void WriteForsaken(NodeId node, absl::AnyInvocable<void(absl::Status)> done);

  // recovery_jobs.cc
  void PumpJobs(MonotonicTime now);
  void KeepLeases(MonotonicTime now);
  void Lease(NodeId node, const std::string& lease, absl::Duration life,
             absl::AnyInvocable<void(bool has_it)> done);
  bool MayResync(const Evidence& evidence, NodeId node);
  std::optional<NodeId> MissingSource(NodeId node) const;
  void BeginResync(NodeId node);
  void NoteSources();
  CopyRules MakeCopyRules() const;
  std::vector<MissedOn> NotesOfTheDead(NodeId node) const;
  Resync::Plan PlanResync(NodeId node) const;
  void EndResync(absl::Status status);
  void ForgetNotes(const std::vector<MissedOn>& notes, absl::AnyInvocable<void()> done);
  void Lift(const Resync::Plan& plan);
  void OnLifted(NodeId node, const absl::StatusOr<redis::Reply>& reply);
  void BeginSweepIfDue(MonotonicTime now);
  void BeginSweep(NodeId node);
  void YieldToOperations();
  bool IsSweepDue(const Node& node) const;
  void EndSweep();
  void DemandSweep();
  void CountSweep();

  void Send(NodeId node, redis::Command command,
            absl::AnyInvocable<void(const absl::StatusOr<redis::Reply>&)> done);
  bool IsReady(NodeId node) const {
    const auto& client = nodes_[node.index()].client;
    return client != nullptr && client->Ready() && status(node).processes == ProcessAgreement::kOne;
  }
  redis::NodeClient& client(Node& node) { return node.decorated ? *node.decorated : *node.client; }
  Node& at(NodeId node) { return nodes_[node.index()]; }
  const NodeStatus& status(NodeId node) const { return topology_->nodes[node.index()]; }
  const std::string& name(NodeId node) const { return ring_->names()[node.index()]; }
  std::vector<NodeId> AllNodes() const;
  std::vector<redis::NodeClient*> Clients();
  bool IsUp(NodeId node) const { return status(node).state == NodeState::kUp; }
  // The look is newer than every connection to the node.
  bool IsCurrent(NodeId node) const;

  const RecoveryConfig config_;
  const std::shared_ptr<const HashRing> ring_;
  const uint64_t fingerprint_;
  const size_t homes_;
  // Whether two nodes are ever home to one key: by NodeId, both ways.
  const std::vector<std::vector<bool>> share_arcs_;
  const std::string ring_description_;
  const KeySpace keys_;
  Coordinator& coordinator_;
  const uint64_t self_;
  HealthMonitor& monitor_;
  ClusterClock& clock_;  // told of the nodes' clocks
  RecoveryMetrics metrics_;

  redis::EventLoop loop_;
  std::vector<Node> nodes_;
  std::shared_ptr<const Topology> topology_;
  MonotonicTime started_;
  bool patience_over_ = false;  // for nodes that can't be reached at the start
  bool warned_of_rings_ = false;
  LossWatch losses_;
  std::string not_whole_;  // as LookCommand says it
  std::unique_ptr<Resync> resync_;
  size_t noted_sources_ = 0;  // of resync_
  YieldingRate resync_rate_;
  bool measuring_wait_ = false;
  std::vector<MissedOn> resync_notes_;  // of dead coordinators, about its node, when it began
  std::unique_ptr<Sweep> sweep_;
  bool stopping_ = false;
  std::atomic<bool> said_goodbye_{false};
  bool lease_lost_ = false;
  MonotonicTime leases_kept_at_;
  std::unique_ptr<redis::EventLoop::Timer> tick_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_H_
