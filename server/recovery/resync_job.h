// Runs the resyncs of this coordinator, one at a time: takes the node's lease, resyncs it
// (resync.h) by a plan (resync_plan.h), tells the node which sources were brought and how far it is
// with the next one, and lifts the fence by compare-and-set, or else finds that a later one was
// raised, and begins again.
//
// After an error a comparison is tried again, and goes on where it was: after a second, and after
// twice as long each time that it comes no further, up to half a minute. No sweep follows: the node
// has been brought all that others hold, and copies of stand-ins were taken home. Where these had
// to stay, as another home replica was not UP, the node that holds them is swept.
//
// For the recovery's thread alone. Bodies: resync_job.cc, resync_job_progress.cc.
#ifndef KACHE_SERVER_RECOVERY_RESYNC_JOB_H_
#define KACHE_SERVER_RECOVERY_RESYNC_JOB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "server/recovery/hint_commands.h"
#include "server/recovery/inspections.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/resync.h"
#include "server/recovery/resync_plan.h"
#include "server/recovery/yielding_rate.h"

namespace kache {

class ResyncJob {
 public:
  struct Hooks {
    std::function<Evidence()> evidence;
    std::function<void()> on_begin;  // another job has to make room
    std::function<void(NodeId)> demand_sweep;
    // Fences the node again: its memory counts as lost, as it can't be found out what it misses.
    std::function<void(NodeId)> fence_lost;
    // Fences::ForgetOnAll.
    std::function<void(const std::string& hash, const std::string& field, const std::string& number,
                       const std::shared_ptr<void>& all)>
        forget_on_all;
  };
  ResyncJob(RecoveryContext& context, Inspections& inspections, const ResyncRules& rules,
            Hooks hooks);

  bool is_active() const { return resync_ != nullptr || preparing_; }
  // What a resync of the node can't go on without, for people; empty = it goes on, or needs none.
  const std::string& waiting_for(NodeId node) const { return nodes_[node.index()].waiting_for; }

  // Begins a resync of the node where it needs one and may have one now.
  void BeginIfPossible(const Evidence& evidence, NodeId node);
  // The node gets none now, and waits for nothing.
  void Forbid(NodeId node) { nodes_[node.index()].waiting_for.clear(); }
  // Goes on; to be called often. It does not end while `may_end` is false.
  void Pump(MonotonicTime now, bool may_end);
  // The same while it is not active: finds out what operations take then (YieldingRate).
  void MeasureQuiet(MonotonicTime now);
  void KeepLease(MonotonicTime now);
  // Ends; it is begun again by what is found then.
  void BreakOff();
  // Ends without a word to any node.
  void Abandon() {
    resync_.reset();
    abandoned_ = true;
  }

 private:
  // What it waits for. Coordinators are waited for as well, but for moments.
  static constexpr std::string_view kForNode = "node ";

  struct Node {
    std::string waiting_for;
    std::string logged_waiting_for;
    // The run_ids of sources that were not whole, or not told to begin their hints anew: what they
    // held was brought for the fence `brought_for`, and is brought again by its last resync.
    FenceNumber brought_for{};
    std::vector<std::string> brought_in_part;
    MonotonicTime not_before;
    FenceNumber failed_for{};      // The last comparison for this fence ended with an error.
    absl::Duration backoff;        // after the next one
    std::set<NodeId> sweep_after;  // once the fence was lifted
  };
  bool MayBegin(const Evidence& evidence, NodeId node);
  ResyncPlan Plan(const Evidence& evidence, NodeId node) const;
  const std::vector<std::string>& BroughtInPart(NodeId node, FenceNumber fence) const;
  bool IsComplete(const ResyncPlan& plan) const;
  void Begin(NodeId node);
  void BeginByHints(ResyncPlan plan);
  void OnHintsTaken(ResyncPlan plan, const AllTaken& taken);
  void OnHintsMissing(NodeId node);
  void BeginComparison(ResyncPlan plan);
  void Start(ResyncPlan plan);
  bool MayGoByHintsNow(const ResyncPlan& plan) const;
  bool StillStands(const Evidence& evidence, const ResyncPlan& plan) const;
  // What was waited for has come (preparing_): whether the resync goes on with it.
  bool GoesOn();
  void FinishHints(const ResyncPlan& plan);
  void YieldToOperations();
  void NoteSources();
  void NoteCheckpoint();
  void NoteCheckpointInTime(MonotonicTime now);
  void SendCheckpoint(const ResyncPlan& plan, const ResyncSource& source,
                      const ResyncCheckpoint& checkpoint);
  bool MayNoteCheckpoints(const ResyncPlan& plan, const ResyncSource& source) const;
  void End(const absl::Status& status);
  void ForgetNotesOfDead(absl::AnyInvocable<void()> done);
  void LiftAtLast(const ResyncPlan& plan);
  void Lift(const ResyncPlan& plan);
  void OnLifted(NodeId node, const absl::StatusOr<redis::Reply>& reply);
  void LogWaiting(NodeId node);
  void RetryLater(NodeId node);
  void BackOff(NodeId node, FenceNumber fence, bool has_advanced);
  Node& at(NodeId node) { return nodes_[node.index()]; }

  RecoveryContext& context_;
  Inspections& inspections_;
  const ResyncRules& rules_;
  const Hooks hooks_;
  std::vector<Node> nodes_;  // by NodeId
  std::unique_ptr<Resync> resync_;
  size_t noted_sources_ = 0;             // of resync_
  std::vector<MissedOn> notes_of_dead_;  // about its node, when it began
  bool lease_lost_ = false;
  bool preparing_ = false;   // A resync has the lease, and waits for what the sources say of hints.
  bool broken_off_ = false;  // while it was preparing
  uint64_t jobs_ = 0;        // that were begun
  bool abandoned_ = false;
  YieldingRate rate_;
  bool measuring_ = false;
  MonotonicTime quiet_measured_at_;
  MonotonicTime checkpoint_noted_at_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RESYNC_JOB_H_
