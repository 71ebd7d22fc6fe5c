// Copies of records that exist already: read repair, resync and sweep write them with these.
// Instants are in cluster time, unless they are said to be the node's.
#ifndef KACHE_SERVER_REPLICATION_REPAIR_H_
#define KACHE_SERVER_REPLICATION_REPAIR_H_

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "server/redis/command.h"
#include "server/replication/record.h"

namespace kache {

// The limit that set-if-newer gets (scripts.h) for a record: its expiry and a tombstone's life
// more. 0 for one that does not expire, and for a tombstone, whose life is the longest already.
int64_t KeptUntilMs(const Record& record, absl::Duration tombstone_ttl);

// When the key of a copy is to end (Unix ms, 0 = never), where the original's key ends at
// `ends_ms`: never before its record's expiry, however short the life of a stand-in's copy is.
int64_t EndOfCopyMs(const Record& record, int64_t ends_ms);

// An instant by the clock of a node that is `offset` ahead. 0 stays 0.
int64_t AtNodeMs(int64_t instant_ms, absl::Duration offset);

// Where a copy is stored, and until when it may be.
struct CopyTarget {
  absl::Duration clock_offset;  // of the node
  int64_t latest_ms = 0;        // SetIfNewer's `latest`
};

// Stores a copy of `record`, as it stands in Redis elsewhere under a key that ends at `ends_ms`
// (0 = never), on a home replica of its key, unless `redis_key` holds a newer one.
redis::Command CopyRecord(std::string_view redis_key, std::string_view record, int64_t ends_ms,
                          absl::Duration tombstone_ttl, const CopyTarget& target);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_REPAIR_H_
