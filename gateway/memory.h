// What bounds the gateway's memory, as one sum, and the bounds that make it stay below a limit.
// docs/limits.md has the sum for people; a test keeps the two equal.
//
// Pure. Thread-compatible.
#ifndef KACHE_GATEWAY_MEMORY_H_
#define KACHE_GATEWAY_MEMORY_H_

#include <cstdint>

#include "base/memory_sum.h"

namespace kache::gateway {

struct GatewayBounds {
  uint64_t threads = 1;  // GATEWAY_THREADS
  bool tls = false;      // of the HTTP port
  uint64_t max_connections = 10'000;
  uint64_t max_buffered_bytes = uint64_t{256} << 20;
  uint64_t max_upstream_bytes = uint64_t{256} << 20;
  uint64_t max_value_bytes = uint64_t{1} << 20;
  uint64_t max_batch_bytes = uint64_t{3} << 20;
  uint64_t max_batch_answer_bytes = uint64_t{16} << 20;
};

// Which of the bounds were set, and stay as they are.
struct GatewayBoundsSet {
  bool max_connections = false;
  bool max_buffered_bytes = false;
  bool max_upstream_bytes = false;
  bool max_batch_answer_bytes = false;
};

// Of the bounds that are not set the largest that fit into `limit` bytes, none above its default;
// but for the least that the gateway works with: the largest request and its answer have room.
// threads, tls, max_value_bytes and max_batch_bytes stay.
void FitBounds(uint64_t limit, const GatewayBoundsSet& set, GatewayBounds* bounds);

// The most that the gateway takes. `limit` is what it may take.
MemorySum MemoryOf(const GatewayBounds& bounds, uint64_t limit);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_MEMORY_H_
