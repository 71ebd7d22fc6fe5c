// What is the same for all writes, touches too, that a home replica misses: how long they are kept
// on the others, and where the hint of that stands (hint_scripts.h). Shard thread only.
#ifndef KACHE_SERVER_REPLICATION_MISSED_WRITE_H_
#define KACHE_SERVER_REPLICATION_MISSED_WRITE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/replication/replication_options.h"
#include "server/replication/shard.h"

namespace kache {

// Until when (Unix ms, cluster time) a home replica keeps a value that ends at `expires_at_ms`, at
// least, where another one missed the write. 0 = as long as otherwise; of values that do not end.
//
// A record that expires is forgotten on purpose. Where a home replica still holds what it replaced,
// it must not be before that one can have heard of it.
int64_t KeptForMissedMs(int64_t expires_at_ms, const ReplicationOptions& options);

// For so long a copy of a value that ends is waited for at most, or WRITE_TIMEOUT_MS.
inline constexpr absl::Duration kLongestCopy = absl::Seconds(5);

// For how long a copy is waited for: until the caller's deadline, or longer. But a value that ends
// is kept for as long (LeastKeptMs), so such a copy is not waited for longer than kLongestCopy. A
// node that does not answer at all is found out within moments, so a longer wait changes little but
// what such values cost.
absl::Duration CopyTimeout(const Shard& shard, MonotonicTime deadline, bool is_value_that_ends);

// For how many milliseconds a copy that ends, and is waited for so long, is kept once it is stored,
// at least. By then every replica has taken the write or failed to, and the hint of that was left.
int64_t LeastKeptMs(const Shard& shard, absl::Duration copy_timeout);

// Whether a write that shortens a life may end one that the node does not know of: a node that is
// not whole lacks what is to be brought to it, and what that record replaces would come back once
// its own life is over.
bool MayShortenUnknown(const Shard& shard, NodeId node);

// Where `holder` keeps the hints about these nodes, itself excepted.
std::vector<std::string> HintSetsOn(const Shard& shard, NodeId holder,
                                    absl::Span<const NodeId> missed_by);

// A node took the write, and refused the hints about these nodes that came with it. Another node
// may have left them, but one that refuses hints most often shares its user's rights with all. To
// be called before the write ends.
void NoteHintsRefused(Shard& shard, NodeId by, absl::Span<const NodeId> missed_by);

// The caller's key, of the one in Redis.
std::string_view UserKeyOf(const Shard& shard, std::string_view redis_key);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_MISSED_WRITE_H_
