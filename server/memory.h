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
  uint64_t max_in_flight_bytes = uint64_t{256} << 20;
  uint64_t max_connection_queue_bytes = uint64_t{96} << 20;
  uint64_t max_grpc_buffer_bytes = uint64_t{512} << 20;
  // Of max_connection_queue_bytes, what may wait on one connection that max_in_flight_bytes does
  // not count: small commands, and those of the recovery.
  uint64_t max_uncounted_queue_bytes = uint64_t{12} << 20;
  uint64_t keys_per_read = 32;  // see KeysPerRead
};

// Which of the bounds were set, and stay as they are.
struct ServerBoundsSet {
  bool max_in_flight_bytes = false;
  bool max_connection_queue_bytes = false;
  bool max_grpc_buffer_bytes = false;
};

// The least of max_connection_queue_bytes: one write.
uint64_t LeastQueueBytes(const ServerBounds& bounds);

// What max_uncounted_queue_bytes is by the other bounds.
uint64_t UncountedQueueBytes(const ServerBounds& bounds);

// How many keys one command reads at once, so that their values stay within what the sum has for
// the reply: at least 1, at most 32.
uint32_t KeysPerRead(uint64_t max_value_bytes);

// Of the bounds that are not set the largest that fit into `limit` bytes, none above its default;
// but for the least that the coordinator works with. All others stay. A queue then holds all writes
// that max_in_flight_bytes lets in, so that it is never a healthy node's queue that refuses one.
void FitBounds(uint64_t limit, const ServerBoundsSet& set, ServerBounds* bounds);

// The most that the coordinator takes. `limit` is what it may take.
MemorySum MemoryOf(const ServerBounds& bounds, uint64_t limit);

}  // namespace kache

#endif  // KACHE_SERVER_MEMORY_H_
