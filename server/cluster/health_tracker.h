// Decides one node's state from what was seen of it. A pure state machine: no I/O, no clock of
// its own, no logging.
//
//   DOWN     at least one shard has no ready connection; its connections reach different Redis
//            processes; the node is a duplicate of another, or excluded; or it was never checked
//   SYNCING  it refuses writes, it lacks some, a connection was made since the last check of its
//            marker, or it is far slower than the others
//   UP       otherwise: checked and found whole since it was last connected
//
// A node that refuses writes is left alone for a back-off (100 ms, doubling up to 5 s), then takes
// writes again.
//
// Thread-compatible; HealthMonitor guards it.
#ifndef KACHE_SERVER_CLUSTER_HEALTH_TRACKER_H_
#define KACHE_SERVER_CLUSTER_HEALTH_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/cluster/topology.h"

namespace kache {

class HealthTracker {
 public:
  static constexpr absl::Duration kRefusalBackoffMin = absl::Milliseconds(100);
  static constexpr absl::Duration kRefusalBackoffMax = absl::Seconds(5);

  HealthTracker(size_t shards, absl::Time now);

  void Connected(size_t shard, const std::string& run_id, const std::string& version,
                 absl::Time now);
  void Down(size_t shard, const std::string& reason, absl::Time now);
  // What ProcessWatch found; `reached` is NodeStatus's.
  void ReachesProcesses(ProcessAgreement agreement, uint64_t rounds, std::string reached,
                        absl::Time now);
  // Another entry reaches the same server: not used until that ends. Empty = no duplicate.
  void DuplicateOf(const std::string& other_name, absl::Time now);
  void WriteRefused(const std::string& reason, absl::Time now);
  void WriteAccepted(absl::Time now);
  // Why a node is not inspected, which is its reason in place of kChecking. Empty = it is, or
  // nothing is known yet.
  void InspectionRefused(const std::string& reason, absl::Time now);
  // The node lacks a write that another took. Returns how many times that was so.
  uint64_t WriteMissed(absl::Time now) { return MayLackWrites(now, now); }
  // The same for writes that it may lack since an earlier time.
  uint64_t MayLackWrites(absl::Time since, absl::Time now);
  // The node lacks a write of which the hint is lost: a miss of its own.
  void HintLost(absl::Time now);
  void Paced(NodePace pace, absl::Time now);
  void Checked(const Standing& standing, absl::Time now);
  void Tick(absl::Time now);

  const NodeStatus& status() const { return status_; }
  bool IsDuplicate() const { return !duplicate_of_.empty(); }

 private:
  struct Decision {
    NodeState state;
    std::string reason;
  };
  Decision Judge() const;
  // The check is newer than every connection.
  bool IsChecked() const;
  std::string WhyUnchecked() const;
  absl::Time DoubtedSince() const;
  Doubt DoubtNow() const;
  void NoteTried(size_t shard);
  bool IsAnyReady() const;
  bool AreAllReady() const;
  void Decide(absl::Time now);

  NodeStatus status_;
  // Connections, by shard: those that are made, and those that were made or could not be, once.
  std::vector<bool> ready_;
  std::vector<bool> tried_;
  std::string down_reason_ = "connecting";
  std::string duplicate_of_;
  Standing standing_;
  std::string refusal_;             // empty = writes are accepted
  std::string inspection_refusal_;  // empty = kChecking
  absl::Duration refusal_backoff_ = kRefusalBackoffMin;
  absl::Time refused_until_ = absl::InfinitePast();
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_HEALTH_TRACKER_H_
