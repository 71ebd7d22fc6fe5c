// How far nodes may fall behind the answers to their callers.
//
// A write is answered once enough nodes have it. Until the other nodes have it, too, its bytes wait
// in their queues, and count for MAX_IN_FLIGHT_BYTES. The lag of a node is what waits in its queue
// beyond the bytes of the writes that are not answered yet, which wait in the queues of healthy
// nodes as well. No caller can make a node faster, so lag must not take the room that requests
// need: the nodes of a shard share a part of it, and each may lag by as much as the lags of all
// leave of that part (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory
// Packet Switches", 1998). One slow node takes half of the part at most, two take a third each. A
// node that is further behind misses the write.
//
// Pure. Thread-safe.
#ifndef KACHE_SERVER_REPLICATION_LAG_H_
#define KACHE_SERVER_REPLICATION_LAG_H_

#include <algorithm>
#include <cstddef>

#include "absl/types/span.h"

namespace kache {

// What a command takes in a queue beside its key and value, at most: unanswered bytes are counted
// with it, so that what waits for a healthy node is never more.
inline constexpr size_t kCommandBytes = 512;

// The lag of a node that `queued` bytes wait for, while `unanswered` bytes of operations have no
// answer yet.
constexpr size_t LagOf(size_t queued, size_t unanswered) {
  return queued - std::min(queued, unanswered);
}

// Whether the node at `index` of `queued` may be sent more. `share`: bytes for all nodes. O(nodes).
constexpr bool MayLagFurther(absl::Span<const size_t> queued, size_t index, size_t unanswered,
                             size_t share) {
  size_t lags = LagOf(queued[index], unanswered);
  for (const size_t each : queued) lags += LagOf(each, unanswered);
  return lags <= share;
}

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LAG_H_
