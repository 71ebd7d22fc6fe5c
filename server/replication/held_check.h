// Asks a key's replicas whether one of them holds a given version, or a newer one. For a stamp that
// is far ahead of cluster time because the version that stands there is.
#ifndef KACHE_SERVER_REPLICATION_HELD_CHECK_H_
#define KACHE_SERVER_REPLICATION_HELD_CHECK_H_

#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/redis/command.h"
#include "server/replication/shard.h"
#include "server/replication/version.h"

namespace kache {

// Asks those of `nodes` that are UP or SYNCING for the header of `redis_key`. Calls `done` once, on
// the shard's thread, perhaps before this returns: with true as soon as one holds `version` or a
// newer one; with false when all that were asked have answered otherwise, failed, or let `timeout`
// pass.
void StartHeldCheck(Shard& shard, std::string_view redis_key, absl::Span<const NodeId> nodes,
                    const Version& version, absl::Duration timeout, redis::CallerId caller,
                    absl::AnyInvocable<void(bool held)> done);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HELD_CHECK_H_
