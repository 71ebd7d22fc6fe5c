// How long a stand-in keeps a copy. Pure functions; instants in cluster time, Unix ms, 0 = never.
//
//   * A copy that can be read as a value ends STANDIN_TTL_SECONDS after its write was stamped, at
//     the latest, and a while before a tombstone of that stamp would: a later delete that only the
//     home replicas took is remembered for as long as the copy could be brought to them.
//   * A tombstone lives as long as on a home replica.
//   * A value whose life ends while the copy stands shortens the life of what it replaces, which
//     the stand-in does not know: the home replica that is away holds that. So the copy is kept as
//     long as on a home replica that knows it: a tombstone's life longer than its own. It is read
//     as a miss meanwhile.
#ifndef KACHE_SERVER_REPLICATION_STAND_IN_H_
#define KACHE_SERVER_REPLICATION_STAND_IN_H_

#include <cstdint>

#include "absl/time/time.h"
#include "server/replication/record.h"
#include "server/replication/replication_options.h"

namespace kache {

// How long after its stamp a copy can be read as a value, at most: STANDIN_TTL_SECONDS, or what a
// tombstone lives less MAX_CLOCK_SKEW_MS and a second, where that is less. Of tombstones that live
// less than twice that while, half their life.
absl::Duration StandInLife(const ReplicationOptions& options);

// SetIfNewer's "when the key is to end", and its limit.
struct KeyEnds {
  int64_t ends_ms = 0;
  int64_t limit_ms = 0;
};
KeyEnds EndsOnStandIn(const Record& record, absl::Time stamped, const ReplicationOptions& options);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_STAND_IN_H_
