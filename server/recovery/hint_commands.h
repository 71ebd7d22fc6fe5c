// Asks the nodes for the hints about one of them, and tells them what has become of these: the
// scripts of hint_scripts.h on all sources of a resync. `done` is called once, on the recovery's
// thread, when each has answered or failed.
#ifndef KACHE_SERVER_RECOVERY_HINT_COMMANDS_H_
#define KACHE_SERVER_RECOVERY_HINT_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/resync_plan.h"
#include "server/replication/hint_scripts.h"

namespace kache {

// What each source of the plan answered, in order; nullopt = nothing that helps now. Those of which
// it is known that they have nothing (ResyncSource::has_nothing) are not asked. Of a source that
// refuses all writes the sets are read in place. One on which Redis's user may not do what this
// needs counts as an overflow, so that the node is compared instead; why is logged.
using AllTaken = std::vector<std::optional<TakenHints>>;

void TakeAllHints(RecoveryContext& context, const ResyncPlan& plan,
                  absl::AnyInvocable<void(const AllTaken&)> done);

// Which sets of a source of the plan are to be brought, by what it answered. One that was taken
// before, beside one that is read in place, becomes a further source of the plan, behind all.
void SetHints(const RecoveryContext& context, ResyncPlan& plan, size_t source, TakenHints taken);

// Removes what the plan's job took and has replayed, on the sources that held hints. What was read
// in place stays, and is replayed once more the next time.
struct FinishedHints {
  bool failed = false;   // a source did not answer
  bool missing = false;  // what was taken was not there any more, or can't be removed
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
