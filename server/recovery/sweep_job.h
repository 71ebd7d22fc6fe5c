// Runs the sweeps of this coordinator, one at a time (sweep.h): of the node that was to be swept
// first, of those that are UP and that nobody else sweeps (sweep_schedule.h).
//
// For the recovery's thread alone.
#ifndef KACHE_SERVER_RECOVERY_SWEEP_JOB_H_
#define KACHE_SERVER_RECOVERY_SWEEP_JOB_H_

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "server/recovery/inspections.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/sweep.h"
#include "server/recovery/sweep_schedule.h"

namespace kache {

class SweepJob {
 public:
  struct Hooks {
    std::function<size_t()> coordinators;  // how many there are
    std::function<bool()> may_begin;       // no other job runs
    std::function<bool()> all_are_filled;  // resync_plan.h
  };
  SweepJob(RecoveryContext& context, Inspections& inspections, size_t homes, Hooks hooks);

  // Goes on, or begins the next; to be called often.
  void Pump(MonotonicTime now);
  void KeepLease();
  // Breaks the sweep off that runs, if any; it is taken up again later.
  void BreakOff();
  // The same, without a word to any node.
  void Abandon() { sweep_.reset(); }

  // The node is to be swept soon, or every node. Each is told so as soon as it can be.
  void Demand(NodeId node);
  void DemandAll();
  // The node has become UP: what sweeps found for it before can be brought home.
  void OnUp(NodeId node);

 private:
  struct Node {
    MonotonicTime not_before;
    // What the inspection that was the newest when a sweep of the node ended says of sweeps is out
    // of date.
    std::shared_ptr<const Inspection> out_of_date;
    // Nodes whose sweeps found stand-ins' copies for this one while it was not UP.
    std::vector<NodeId> holders;
    bool is_demanded = false;  // and the node has not taken that yet
    bool demanding = false;    // It is being told.
    MonotonicTime tell_not_before;
  };
  SweepLoad LoadOf(const Inspection& inspection) const;
  double RateOf(const Inspection& inspection) const;
  void BeginNext(MonotonicTime now);
  void Begin(NodeId node);
  void TellDemand(NodeId node);
  void SweepAgainOnceUp(NodeId swept, const std::vector<NodeId>& left_for);
  void End();
  void Count();
  Node& at(NodeId node) { return nodes_[node.index()]; }

  RecoveryContext& context_;
  Inspections& inspections_;
  const size_t homes_;
  const Hooks hooks_;
  std::vector<Node> nodes_;  // by NodeId
  std::unique_ptr<Sweep> sweep_;
  bool lease_lost_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_SWEEP_JOB_H_
