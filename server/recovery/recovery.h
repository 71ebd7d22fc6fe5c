// Keeps every node either whole or known not to be: inspects markers and notes, raises and lifts
// fences, resyncs nodes, and sweeps. docs/consistency.md says what that promises; here is how.
//
//  * Every node is inspected each check_interval, at once after a connection was made, and several
//    times a second while any node is not UP (inspections.h). All that is known makes the evidence
//    (evidence.h); Judge (judge.h) turns it into standings, which HealthMonitor makes states of,
//    and into what is to be done (fences.h does it).
//  * A node that missed writes of this coordinator is *fenced* as soon as it can be reached again:
//    its marker says "syncing", with a higher number. So is one without a right marker.
//  * A coordinator that sees a fence drains: it lets the writes that it has begun end, and says so
//  in
//    its heartbeat. Once all that live have, what the node lacks is on its peers.
//  * Whoever then gets the node's lease resyncs it and lifts the fence by compare-and-set, or else
//    finds that a later fence was raised, and begins again (resync_job.h).
//  * One node after another is swept, each SWEEP_INTERVAL_SECONDS, and at once after a resync, when
//  a
//    coordinator is gone that did not say goodbye, and when this one stood still for long
//    (sweep_job.h).
//
// Knows no threads and no sockets; RecoveryThread gives it both, tests give it fakes. For one
// thread.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "server/recovery/fences.h"
#include "server/recovery/hint_rights.h"
#include "server/recovery/inspections.h"
#include "server/recovery/judge.h"
#include "server/recovery/process_conflicts.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/reports.h"
#include "server/recovery/resync_job.h"
#include "server/recovery/resync_plan.h"
#include "server/recovery/ring_in_force.h"
#include "server/recovery/sweep_job.h"

namespace kache {

class Recovery {
 public:
  explicit Recovery(RecoveryContext context);

  // To be called every kTick.
  static constexpr absl::Duration kTick = absl::Milliseconds(10);
  void Tick();

  void OnTopology(std::shared_ptr<const Topology> topology);
  // Of this recovery's own connections.
  void OnConnected(NodeId node) { inspections_.Hurry(node); }
  void OnDown(NodeId node);
  // A node lets this coordinator in no more, or says that it was declared lost. Ends all that it
  // does for the nodes: no heartbeat, no fence, no goodbye.
  void OnDeclaredLost();
  // Somebody asks for the node to be inspected now.
  void Inspect(NodeId node) { inspections_.Hurry(node); }

  // An operator declares a node lost: others no longer wait for what it alone may hold. Undone when
  // the node comes back and was made whole. NOT_FOUND for a name that is not on the ring,
  // FAILED_PRECONDITION for a node that can be reached.
  void DeclareLost(std::string_view name, absl::AnyInvocable<void(absl::Status)> done);

  // Says goodbye on all nodes, which `done` is told once each has answered or could not; and
  // nothing is begun any more. Only for a coordinator that leaves no write half done: others then
  // need not look for any.
  void SayGoodbye(absl::AnyInvocable<void()> done);

  // Gives up what is under way, and begins nothing any more. The nodes' clients may go then, before
  // this object.
  void Stop();

  // For tests.
  const std::string& waiting_for(NodeId node) const { return resyncs_.waiting_for(node); }

 private:
  Evidence MakeEvidence() const;
  InspectionOrder OrderFor(NodeId node) const;
  void OnInspected(NodeId node);
  void Reconsider();
  void ReconsiderProcesses();
  void PumpJobs(MonotonicTime now);
  void NoticeStandstill(MonotonicTime now);

  RecoveryContext context_;
  const ResyncRules rules_;
  const std::vector<NodeId> by_name_;  // all nodes, as heartbeats name them
  ProcessConflicts conflicts_;
  RingInForce ring_;
  Inspections inspections_;
  SweepJob sweeps_;
  Fences fences_;
  HintRights hint_rights_{context_};
  ResyncJob resyncs_;
  Reports reports_;
  bool reconsider_ = false;   // something new was found
  std::vector<bool> is_new_;  // by NodeId: an inspection that was not dealt with yet
  size_t coordinators_ = 1;   // that live
  const MonotonicTime started_;
  MonotonicTime ticked_at_;
  MonotonicTime leases_kept_at_;
  bool patience_over_ = false;  // for nodes that can't be reached at the start
  bool declared_lost_ = false;
  bool leaving_ = false;  // goodbye is said, or it was stopped
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_H_
