#include "server/memory.h"

#include <algorithm>
#include <array>

#include "base/memory_parts.h"
#include "base/memory_shares.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

constexpr uint64_t kProcessBytes = 32 * kMiB;
constexpr uint64_t kThreadBytes = 4 * kMiB;
// What a command takes on the wire beside its key and value.
constexpr uint64_t kCommandOverheadBytes = 4096;
// The values that one command reads together.
constexpr uint64_t kReadBytes = 32 * kMiB;
constexpr uint64_t kKeysPerReadMax = 32;

constexpr uint64_t kLeastInFlightBytes = 8 * kMiB;
constexpr uint64_t kLeastGrpcBufferBytes = 8 * kMiB;
// One without a call, with or without TLS.
constexpr uint64_t kConnectionBytes = 20 * kKiB;
constexpr uint64_t kLeastConnections = 64;
// Of a call, what gRPC's memory quota does not count, also before its request has come.
constexpr uint64_t kCallBytes = 14 * kKiB;
constexpr uint64_t kLeastCalls = 512;

uint64_t ProcessBytes(const ServerBounds& bounds) {
  return kProcessBytes + (bounds.grpc_threads + bounds.shards) * kThreadBytes;
}

// Each shard has one to every node.
uint64_t Connections(const ServerBounds& bounds) { return bounds.nodes * bounds.shards; }

// As recovery/copier.h has them; a test keeps them equal.
constexpr uint64_t kPortionBytes = kMiB;
constexpr uint64_t kPortionsAtOnce = 4;

// The part of a connection's queue for what is counted nowhere else.
constexpr uint64_t kUncountedPart = 8;
// As max_in_flight_bytes counts a write: the request, the record, and the command; the last two
// until the last node has it.
constexpr uint64_t kCopiesOfWrite = 3;
constexpr uint64_t kCopiesAfterAnswer = 2;
// The part of max_in_flight_bytes that nodes may be behind together; one alone half of that.
constexpr uint64_t kLagPart = 2;
constexpr uint64_t kLagOfOneNodePart = 2 * kLagPart * kCopiesAfterAnswer;
constexpr uint64_t kLeastLagWrites = 4;

// The replies that are being read, on each connection of a shard.
uint64_t ReplyBytesOfKey(const ServerBounds& bounds) {
  return bounds.nodes * bounds.shards * bounds.max_value_bytes;
}

// As max_in_flight_bytes counts it.
uint64_t LargestRequestBytes(const ServerBounds& bounds) {
  return kCopiesOfWrite *
         std::max(bounds.max_batch_bytes, bounds.max_key_bytes + bounds.max_value_bytes);
}

// The largest value and the largest batch have room while others hold little, and beside the eighth
// that is for small requests.
uint64_t LeastInFlightBytes(const ServerBounds& bounds) {
  return std::max(kLeastInFlightBytes, LargestRequestBytes(bounds) / 7 * 8);
}

}  // namespace

uint64_t LeastQueueBytes(const ServerBounds& bounds) {
  return bounds.max_key_bytes + bounds.max_value_bytes + kCommandOverheadBytes;
}

uint64_t UncountedQueueBytes(const ServerBounds& bounds) {
  return std::max(LeastQueueBytes(bounds), bounds.max_connection_queue_bytes / kUncountedPart);
}

uint64_t LagBytes(const ServerBounds& bounds) {
  return std::max(bounds.max_in_flight_bytes / (kLagPart * kCopiesAfterAnswer * bounds.shards),
                  kLeastLagWrites * LeastQueueBytes(bounds));
}

uint64_t RecoveryBytes(const ServerBounds& bounds) {
  const uint64_t record = LeastQueueBytes(bounds);
  const uint64_t at_once = std::max(kPortionsAtOnce * kPortionBytes, record);
  return at_once + std::max(kPortionBytes, record) + kMiB;
}

uint32_t KeysPerRead(uint64_t max_value_bytes) {
  return static_cast<uint32_t>(std::clamp<uint64_t>(
      kReadBytes / std::max<uint64_t>(max_value_bytes, 1), 1, kKeysPerReadMax));
}

void FitBounds(uint64_t limit, const ServerBoundsSet& set, ServerBounds* bounds) {
  std::array<MemoryShare, 7> shares = {
      MemoryShare{.weight = 8,
                  .least = LeastInFlightBytes(*bounds),
                  .most = bounds->max_in_flight_bytes,
                  .is_set = set.max_in_flight_bytes,
                  .units = bounds->max_in_flight_bytes},
      MemoryShare{.weight = 2,
                  .bytes_per_unit = Connections(*bounds),
                  .least = LeastQueueBytes(*bounds),
                  .most = bounds->max_uncounted_queue_bytes,
                  .is_set = set.max_connection_queue_bytes,
                  .units = bounds->max_uncounted_queue_bytes},
      MemoryShare{.weight = 2,
                  .least = kLeastGrpcBufferBytes,
                  .most = bounds->max_grpc_buffer_bytes,
                  .is_set = set.max_grpc_buffer_bytes,
                  .units = bounds->max_grpc_buffer_bytes},
      MemoryShare{.weight = 4,
                  .bytes_per_unit = ReplyBytesOfKey(*bounds),
                  .least = 1,
                  .most = KeysPerRead(bounds->max_value_bytes)},
      MemoryShare{.weight = 1,
                  .bytes_per_unit = kConnectionBytes,
                  .least = kLeastConnections,
                  .most = bounds->max_grpc_connections,
                  .is_set = set.max_grpc_connections,
                  .units = bounds->max_grpc_connections},
      MemoryShare{.weight = 2,
                  .bytes_per_unit = kCallBytes,
                  .least = kLeastCalls,
                  .most = bounds->max_grpc_calls,
                  .is_set = set.max_grpc_calls,
                  .units = bounds->max_grpc_calls},
      MemoryShare{
          .bytes_per_unit = RecoveryBytes(*bounds), .is_set = true, .units = bounds->nodes}};
  DivideMemory(BytesForBounds(limit, ProcessBytes(*bounds)), shares);
  bounds->max_in_flight_bytes = shares[0].units;
  bounds->max_uncounted_queue_bytes = shares[1].units;
  if (!set.max_connection_queue_bytes) {
    bounds->max_connection_queue_bytes =
        std::min(bounds->max_connection_queue_bytes,
                 std::max(bounds->max_in_flight_bytes / kCopiesOfWrite +
                              bounds->max_in_flight_bytes / kLagOfOneNodePart,
                          LeastQueueBytes(*bounds)) +
                     bounds->max_uncounted_queue_bytes);
  }
  bounds->max_grpc_buffer_bytes = shares[2].units;
  bounds->keys_per_read = shares[3].units;
  bounds->max_grpc_connections = shares[4].units;
  bounds->max_grpc_calls = shares[5].units;
}

MemorySum MemoryOf(const ServerBounds& bounds, uint64_t limit) {
  MemorySum sum;
  sum.Add("MAX_IN_FLIGHT_BYTES", bounds.max_in_flight_bytes);
  // One that is alone has room whatever its size.
  if (const uint64_t largest = LargestRequestBytes(bounds); largest > bounds.max_in_flight_bytes) {
    sum.Add("one request that is larger", largest - bounds.max_in_flight_bytes);
  }
  sum.Add(Concat("small commands on ", Connections(bounds), " connections"),
          Connections(bounds) * bounds.max_uncounted_queue_bytes);
  sum.Add(Concat("recovery of ", bounds.nodes, " nodes"), bounds.nodes * RecoveryBytes(bounds));
  sum.Add("MAX_GRPC_BUFFER_BYTES", bounds.max_grpc_buffer_bytes);
  sum.Add(Concat("MAX_GRPC_CONNECTIONS x ", kConnectionBytes / kKiB, " KiB"),
          bounds.max_grpc_connections * kConnectionBytes);
  sum.Add(Concat("MAX_GRPC_CALLS x ", kCallBytes / kKiB, " KiB"),
          bounds.max_grpc_calls * kCallBytes);
  sum.Add("replies of the nodes", bounds.keys_per_read * ReplyBytesOfKey(bounds));
  AddProcess(limit, ProcessBytes(bounds), &sum);
  return sum;
}

}  // namespace kache
