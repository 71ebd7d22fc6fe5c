// A read that asks several nodes at once and answers the newest record that any of them holds.
#ifndef KACHE_SERVER_REPLICATION_NEWEST_READ_H_
#define KACHE_SERVER_REPLICATION_NEWEST_READ_H_

#include "absl/types/span.h"
#include "ring/node_id.h"
#include "server/redis/command.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"

namespace kache {

// Sends `get`, a GET of the record's key, to all of `nodes` that are not DOWN, for the caller that
// it has. The answer is degraded. Shard thread only; `done` is called on it, perhaps at once.
// Requires: the deadline has not passed.
//
// Without `min_version` (zero) the answers are waited for during half of the time that is left
// (TRY_TIMEOUT_MS at least): a miss when all that answered hold nothing, UNAVAILABLE when none
// answered. With it, the first record as new as that answers, at any time before the deadline;
// where there is none (beside a node that is UP, what another one held through a long absence may
// have been deleted meanwhile, and is passed over), a miss when everybody who can be reached holds
// nothing, else ABORTED.
void StartNewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
                     const Version& min_version, MonotonicTime deadline, ReadCallback done);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_NEWEST_READ_H_
