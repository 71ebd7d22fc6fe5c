#include "gateway/memory.h"

#include <algorithm>
#include <array>

#include "base/memory_parts.h"
#include "base/memory_shares.h"
#include "base/strings.h"
#include "gateway/handlers/handler_config.h"

namespace kache::gateway {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

// Idle, the process takes 5 MiB of its own with one thread. The rest is for what a limit counts of
// the program's files, and for what each thread takes under load, of its own and of the allocator.
constexpr uint64_t kProcessBytes = 24 * kMiB;
constexpr uint64_t kThreadBytes = 4 * kMiB;
// A connection's objects and its smallest buffer, and what it may hold uncounted (held_bytes.h);
// OpenSSL's state and buffers.
constexpr uint64_t kConnectionBytes = 16 * kKiB;
constexpr uint64_t kTlsBytes = 80 * kKiB;

constexpr uint64_t kLeastConnections = 64;
constexpr uint64_t kLeastBufferedBytes = 16 * kMiB;
constexpr uint64_t kLeastUpstreamBytes = 12 * kMiB;
// Beside the values of a message, once: keys, and what frames them.
constexpr uint64_t kMessageOverheadBytes = 64 * kKiB;

// A body while its buffer grows: the buffer before, and the next one.
constexpr uint64_t kCopiesOfBody = 2;
// The values of an answer, and the same as JSON, where a byte may be written \u00XX.
constexpr uint64_t kCopiesOfAnswer = 1 + 6;

uint64_t ProcessBytes(const GatewayBounds& bounds) {
  return kProcessBytes + bounds.threads * kThreadBytes;
}

uint64_t BytesOfConnection(const GatewayBounds& bounds) {
  return kConnectionBytes + (bounds.tls ? kTlsBytes : 0);
}

uint64_t LargestBodyBytes(const GatewayBounds& bounds) {
  return kCopiesOfBody * MaxJsonBytes(std::max(bounds.max_value_bytes, bounds.max_batch_bytes));
}

uint64_t LargestRequestBytes(const GatewayBounds& bounds) {
  return std::max(LargestBodyBytes(bounds), kCopiesOfAnswer * bounds.max_batch_answer_bytes);
}

// Beside the eighth that is for small requests.
uint64_t LeastBufferedBytes(uint64_t largest) {
  return std::max(kLeastBufferedBytes, largest / 7 * 8);
}

uint64_t LeastUpstreamBytes(const GatewayBounds& bounds) {
  return std::max(kLeastUpstreamBytes,
                  std::max(bounds.max_value_bytes, bounds.max_batch_bytes) + kMessageOverheadBytes);
}

}  // namespace

void FitBounds(uint64_t limit, const GatewayBoundsSet& set, GatewayBounds* bounds) {
  const uint64_t largest =
      set.max_batch_answer_bytes ? LargestRequestBytes(*bounds) : LargestBodyBytes(*bounds);
  std::array<MemoryShare, 3> shares = {MemoryShare{.weight = 6,
                                                   .least = LeastBufferedBytes(largest),
                                                   .most = bounds->max_buffered_bytes,
                                                   .is_set = set.max_buffered_bytes,
                                                   .units = bounds->max_buffered_bytes},
                                       MemoryShare{.weight = 2,
                                                   .least = LeastUpstreamBytes(*bounds),
                                                   .most = bounds->max_upstream_bytes,
                                                   .is_set = set.max_upstream_bytes,
                                                   .units = bounds->max_upstream_bytes},
                                       MemoryShare{.weight = 1,
                                                   .bytes_per_unit = BytesOfConnection(*bounds),
                                                   .least = kLeastConnections,
                                                   .most = bounds->max_connections,
                                                   .is_set = set.max_connections,
                                                   .units = bounds->max_connections}};
  DivideMemory(BytesForBounds(limit, ProcessBytes(*bounds)), shares);
  bounds->max_buffered_bytes = shares[0].units;
  bounds->max_upstream_bytes = shares[1].units;
  bounds->max_connections = shares[2].units;
  if (!set.max_batch_answer_bytes) {
    bounds->max_batch_answer_bytes = std::min(bounds->max_batch_answer_bytes,
                                              bounds->max_buffered_bytes / 8 * 7 / kCopiesOfAnswer);
  }
}

MemorySum MemoryOf(const GatewayBounds& bounds, uint64_t limit) {
  MemorySum sum;
  sum.Add("MAX_HTTP_BUFFER_BYTES", bounds.max_buffered_bytes);
  // One that is alone has room whatever its size.
  if (const uint64_t largest = LargestRequestBytes(bounds); largest > bounds.max_buffered_bytes) {
    sum.Add("one request that is larger", largest - bounds.max_buffered_bytes);
  }
  // What has been received. What waits to be sent counts for the connection that asked for it.
  sum.Add("MAX_UPSTREAM_BUFFER_BYTES", bounds.max_upstream_bytes);
  sum.Add(Concat("MAX_HTTP_CONNECTIONS x ", BytesOfConnection(bounds) / kKiB, " KiB"),
          bounds.max_connections * BytesOfConnection(bounds));
  AddProcess(limit, ProcessBytes(bounds), &sum);
  return sum;
}

}  // namespace kache::gateway
