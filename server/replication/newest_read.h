// A read that asks several nodes at once and answers the newest record that any of them holds.
#ifndef KACHE_SERVER_REPLICATION_NEWEST_READ_H_
#define KACHE_SERVER_REPLICATION_NEWEST_READ_H_

#include "absl/types/span.h"
#include "ring/node_id.h"
#include "server/redis/command.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"

namespace kache {

// Sends `get`, a GET of the record's key, to all of `nodes` that are not DOWN, and waits for their
// answers for half of the time that is left (TRY_TIMEOUT_MS at least). The answer is degraded. A
// miss when all that answered hold nothing; UNAVAILABLE when none answered. Shard thread only;
// `done` is called on it, perhaps at once. Requires: the deadline has not passed.
void StartNewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
                     MonotonicTime deadline, ReadCallback done);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_NEWEST_READ_H_
