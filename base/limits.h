// Bounds that coordinators, gateways and the client library must agree on: the largest values that
// the settings of sizes take, the largest gRPC message that follows from them, and the longest life
// of a value. docs/configuration.md and docs/rest.md name them.
#ifndef KACHE_BASE_LIMITS_H_
#define KACHE_BASE_LIMITS_H_

#include <algorithm>
#include <cstdint>
#include <limits>

namespace kache {

// The upper bounds of MAX_KEY_BYTES, MAX_VALUE_BYTES, MAX_BATCH_KEYS and MAX_BATCH_BYTES.
inline constexpr int64_t kKeyBytesBound = int64_t{64} << 10;
inline constexpr int64_t kValueBytesBound = int64_t{64} << 20;
inline constexpr int64_t kBatchKeysBound = 100'000;
inline constexpr int64_t kBatchBytesBound = int64_t{64} << 20;

// The operations of one Pipeline message that every coordinator takes, whatever
// MAX_PIPELINE_OPERATIONS says.
inline constexpr int kPipelineMessageOperations = 256;

// What a message holds for each key beside key and value, generously: lengths, times, a stamp, a
// version, and a receipt or the text of an error.
inline constexpr int64_t kFramingBytesPerKey = 256;
// And for itself.
inline constexpr int64_t kFramingBytes = int64_t{64} << 10;

// The most bytes of a request or an answer where these are the settings: a whole batch, or one
// value with its key, which travels whatever MAX_BATCH_BYTES says.
constexpr int64_t MessageBytesMax(int64_t max_key_bytes, int64_t max_value_bytes,
                                  int64_t max_batch_keys, int64_t max_batch_bytes) {
  return std::max(max_batch_bytes, max_key_bytes + max_value_bytes) +
         kFramingBytesPerKey * max_batch_keys + kFramingBytes;
}

// Whatever the settings are. gRPC counts in int.
inline constexpr int64_t kMessageBytesBound =
    MessageBytesMax(kKeyBytesBound, kValueBytesBound, kBatchKeysBound, kBatchBytesBound);
static_assert(kMessageBytesBound <= std::numeric_limits<int>::max());

// The longest life of a value that ends: 100 years of 365 days.
inline constexpr int64_t kMaxTtlMs = int64_t{100} * 365 * 24 * 3600 * 1000;

// The longest lease that may be asked for: an hour.
inline constexpr int64_t kMaxLeaseMs = 3'600'000;

}  // namespace kache

#endif  // KACHE_BASE_LIMITS_H_
