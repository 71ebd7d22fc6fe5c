// Refills one node from the others: merges what each of them holds of the keys that the node is
// home to, one after another (of what a source is not home to, the stand-ins' copies and the
// tombstones, as sweep.h says); then, where the node may have slept through whole lives of
// tombstones, removes what was deleted meanwhile (prune.h). By hints it brings only the records
// that these name; where the source of a hint holds nothing any more, the node's own record from
// before its doubt goes, if no other home replica holds it (unheld.h): the write that the hint is
// of was evicted there. Copies of stand-ins it takes home altogether, to all home replicas, as no
// sweep follows. While some of the others are away, the plan is not complete: it brings what can be
// had, and a later one brings the rest.
//
// Headers come before values: of a page it reads the versions, and only of records that the node
// lacks the whole (copier.h). One source at a time: with a million keys on four nodes that takes
// RESYNC_KEYS_PER_SECOND's default and the CPUs that there are, so several would come no sooner.
//
// It only ever stores what is newer, so it may be broken off and begun again, here or by another
// coordinator, at any point; and gone on with, where it has noted how far it came
// (resync_resume.h). Loop thread only.
#ifndef KACHE_SERVER_RECOVERY_RESYNC_H_
#define KACHE_SERVER_RECOVERY_RESYNC_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
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
#include "server/recovery/resync_plan.h"
#include "server/recovery/scan.h"
#include "server/recovery/unheld.h"

namespace kache {

class Resync {
 public:
  // Whether a node is UP, as it is now.
  using IsUp = std::function<bool(NodeId)>;
  // All references outlive the resync.
  Resync(ResyncPlan plan, std::vector<redis::NodeClient*> clients, std::string data_prefix,
         CopyRules rules, const HashRing& ring, IsUp is_up, double keys_per_second);

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
  const ResyncPlan& plan() const { return plan_; }
  // The nodes with which copies stay that only a sweep removes: of stand-ins, as another home
  // replica was not UP; and such as nobody is to have.
  const std::set<NodeId>& left_with() const { return left_with_; }
  // How many of the plan's sources, in order, have been brought.
  size_t sources_done() const { return next_source_; }
  // How far the comparison with the next one has come. Nullopt = that can't be said: none is at
  // work, or records are missing that the node does not take.
  std::optional<ResyncCheckpoint> checkpoint() const;
  // A later resync that goes on there has less to do than this one had.
  bool has_advanced() const;

 private:
  void BeginSource(MonotonicTime now);
  void ConfirmSource();
  PreferenceList HomesOf(std::string_view user_key) const;
  // Of a record whose key the node is home to.
  bool IsHome(NodeId node, std::string_view user_key) const;
  bool MayBeDeleted(const ResyncSource& source, const PageEntry& entry) const;
  bool IsKnownBetter(const ResyncSource& source, const PageEntry& entry) const;
  bool IsLeftOver(const ResyncSource& source, const PageEntry& entry) const;
  std::vector<NodeId> TargetsOf(const ResyncSource& source, const PageEntry& entry) const;
  void CopyPage(const ResyncSource& source, const std::string& cursor,
                absl::AnyInvocable<void(const std::string&)> read, Copier::Done done);
  // By hints: what the node holds of keys of which the source holds nothing.
  void RemoveReplaced(PageResult page, Copier::Done done);
  // Of a stand-in's copy: to all its home replicas; and whether it can go then.
  bool AddOtherHomes(NodeId source, const PageEntry& entry, std::vector<NodeId>& targets);
  void Finish(absl::Status status);

  const ResyncPlan plan_;
  const HashRing& ring_;
  const IsUp is_up_;
  Copier copier_;
  Pace pace_;
  std::optional<MonotonicTime> started_;
  size_t next_source_ = 0;
  std::unique_ptr<Scan> scan_;
  std::optional<PrunePlan> replaced_plan_;  // by hints, with one home replica more at least
  std::optional<Unheld> replaced_;
  bool confirming_ = false;  // a source, once it was read to the end
  std::unique_ptr<Prune> prune_;
  uint64_t done_ = 0;
  uint64_t done_before_ = 0;  // of sources that were brought
  uint64_t copied_ = 0;
  uint64_t removed_ = 0;      // by hints
  uint64_t beyond_node_ = 0;  // records that the node does not take
  std::set<NodeId> left_with_;
  bool finished_ = false;
  absl::Status status_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RESYNC_H_
