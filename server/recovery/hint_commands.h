// Asks the nodes for the hints about one of them, and tells them what has become of these: the
// scripts of hint_scripts.h on all sources of a resync. `done` is called once, on the recovery's
// thread, when each has answered or failed.
#ifndef KACHE_SERVER_RECOVERY_HINT_COMMANDS_H_
#define KACHE_SERVER_RECOVERY_HINT_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/resync_plan.h"
#include "server/replication/hint_scripts.h"

namespace kache {

// What each source of the plan answered, in order; nullopt = nothing. Those of which it is known
// that they have nothing (ResyncSource::has_nothing) are not asked.
using AllTaken = std::vector<std::optional<TakenHints>>;

void TakeAllHints(RecoveryContext& context, const ResyncPlan& plan,
                  absl::AnyInvocable<void(const AllTaken&)> done);

// Removes what the plan's job took and has replayed, on the sources that held hints.
struct FinishedHints {
  bool failed = false;   // a source did not answer
  bool missing = false;  // what was taken was not there any more
};
void FinishAllHints(RecoveryContext& context, const ResyncPlan& plan,
                    absl::AnyInvocable<void(const FinishedHints&)> done);

// Before the node is compared with all others, and after it: on these nodes. `all`: each has done
// it. Where the latter does not arrive, the next replay finds hints missing. Where an earlier
// resync has brought a part of what they hold, the hints that have come since it began must stand.
void ResetAllHints(RecoveryContext& context, const ResyncPlan& plan,
                   const std::vector<NodeId>& holders, absl::AnyInvocable<void(bool all)> done);
void EndComparisons(RecoveryContext& context, const ResyncPlan& plan,
                    const std::vector<NodeId>& holders, const std::vector<uint64_t>& hinting,
                    absl::AnyInvocable<void()> done);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_HINT_COMMANDS_H_
