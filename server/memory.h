// What bounds the coordinator's memory, as one sum, and the bounds that make it stay below a limit.
// docs/limits.md has the sum for people; a test keeps the two equal.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_MEMORY_H_
#define KACHE_SERVER_MEMORY_H_

#include <cstdint>

#include "base/memory_sum.h"

namespace kache {

struct ServerBounds {
  uint64_t nodes = 4;
  uint64_t shards = 1;
  uint64_t grpc_threads = 1;
  uint64_t max_key_bytes = 1024;
  uint64_t max_value_bytes = uint64_t{1} << 20;
  uint64_t max_batch_bytes = uint64_t{3} << 20;
  uint64_t max_in_flight_bytes = uint64_t{256} << 20;
  uint64_t max_connection_queue_bytes = uint64_t{96} << 20;
  uint64_t max_grpc_buffer_bytes = uint64_t{512} << 20;
  uint64_t max_grpc_connections = 10000;
  uint64_t max_grpc_calls = 20000;
  // Of max_connection_queue_bytes, what may wait on one connection of a shard that
  // max_in_flight_bytes does not count: small commands.
  uint64_t max_uncounted_queue_bytes = uint64_t{12} << 20;
  uint64_t keys_per_read = 32;  // see KeysPerRead
};

// Which of the bounds were set, and stay as they are.
struct ServerBoundsSet {
  bool max_in_flight_bytes = false;
  bool max_connection_queue_bytes = false;
  bool max_grpc_buffer_bytes = false;
  bool max_grpc_connections = false;
  bool max_grpc_calls = false;
};

// The least of max_connection_queue_bytes: one write.
uint64_t LeastQueueBytes(const ServerBounds& bounds);

// What max_uncounted_queue_bytes is by the other bounds.
uint64_t UncountedQueueBytes(const ServerBounds& bounds);

// Of max_in_flight_bytes, what the nodes may be behind together (replication/lag.h), in bytes of
// commands on the connections of one shard: so much that half of max_in_flight_bytes is left for
// requests; but at least a few of the largest writes, so that a node that is a moment behind misses
// none.
uint64_t LagBytes(const ServerBounds& bounds);

// What the recovery holds at most for one node: the portions of one copier (recovery/copier.h), the
// one that becomes a command while it is still a reply, and the commands of its pages.
uint64_t RecoveryBytes(const ServerBounds& bounds);

// How many keys one command reads at once, so that their values stay within what the sum has for
// the reply: at least 1, at most 32.
uint32_t KeysPerRead(uint64_t max_value_bytes);

// Of the bounds that are not set the largest that fit into `limit` bytes, none above its default;
// but for the least that the coordinator works with. All others stay. The queue of one connection
// then holds all unanswered writes that max_in_flight_bytes lets in, and some that were answered a
// moment ago: it is never a healthy node's queue that refuses a write.
void FitBounds(uint64_t limit, const ServerBoundsSet& set, ServerBounds* bounds);

// The most that the coordinator takes. `limit` is what it may take.
MemorySum MemoryOf(const ServerBounds& bounds, uint64_t limit);

}  // namespace kache

#endif  // KACHE_SERVER_MEMORY_H_
