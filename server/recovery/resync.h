// Refills one node from the others: merges what each of them holds of the keys that the node is
// home to, one after another; then, where the node may have slept through whole lives of
// tombstones, removes what was deleted meanwhile (prune.h). While some of the others are away, the
// plan is not complete: it brings what can be had, and a later one brings the rest.
//
// It only ever stores what is newer, so it may be broken off and begun again, here or by another
// coordinator, at any point. Loop thread only.
#ifndef KACHE_SERVER_RECOVERY_RESYNC_H_
#define KACHE_SERVER_RECOVERY_RESYNC_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/hash_ring.h"
#include "server/recovery/copier.h"
#include "server/recovery/pace.h"
#include "server/recovery/prune.h"
#include "server/recovery/scan.h"

namespace kache {

class Resync {
 public:
  struct Source {
    NodeId node;
    std::string run_id;
    uint64_t keys = 0;   // about so many records
    bool whole = false;  // when the plan was made; else it may not hold all that it will
    // Records older than this (Unix ms) are not taken where another home replica is UP: the source
    // is in doubt itself, and slept through the life of their tombstones. 0 = all are taken.
    int64_t distrust_before_ms = 0;
  };
  struct Plan {
    NodeId node;
    uint64_t sync = 0;
    std::string run_id;
    std::vector<Source> sources;
    // Of the sources that hold what the node may lack, each is among `sources` or was brought
    // before.
    bool complete = true;
    std::optional<PrunePlan> prune;
    size_t homes = 0;
  };
  // `is_up` tells the state of a node now. All references outlive the resync.
  Resync(Plan plan, std::vector<redis::NodeClient*> clients, std::string data_prefix,
         CopyRules rules, const HashRing& ring, std::function<bool(NodeId)> is_up,
         double keys_per_second);

  // Goes on; to be called often.
  void Pump(MonotonicTime now);
  void SetRate(double keys_per_second) { pace_.SetRate(keys_per_second); }
  bool finished() const { return finished_; }
  // Once finished.
  const absl::Status& status() const { return status_; }

  struct Progress {
    uint64_t done = 0;    // records gone through
    uint64_t left = 0;    // about
    uint64_t copied = 0;  // that the node lacked
    uint64_t pruned = 0;
    double per_second = 0;  // records copied, since the start
  };
  Progress progress(MonotonicTime now) const;
  const Plan& plan() const { return plan_; }
  // How many of the plan's sources, in order, have been brought.
  size_t sources_done() const { return next_source_; }

 private:
  void BeginSource(MonotonicTime now);
  PreferenceList HomesOf(std::string_view user_key) const;
  // Of a record whose key the node is home to.
  std::vector<NodeId> TargetsOf(const Source& source, const PageEntry& entry) const;
  void Finish(absl::Status status);

  const Plan plan_;
  const HashRing& ring_;
  const std::function<bool(NodeId)> is_up_;
  Copier copier_;
  Pace pace_;
  std::optional<MonotonicTime> started_;
  size_t next_source_ = 0;
  std::unique_ptr<Scan> scan_;
  std::unique_ptr<Prune> prune_;
  uint64_t done_ = 0;
  uint64_t copied_ = 0;
  bool finished_ = false;
  absl::Status status_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RESYNC_H_
