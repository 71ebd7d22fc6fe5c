// What all handlers are given.
#ifndef KACHE_GATEWAY_HANDLERS_HANDLER_CONFIG_H_
#define KACHE_GATEWAY_HANDLERS_HANDLER_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace kache::gateway {

struct HandlerConfig {
  size_t max_key_bytes = 1024;
  size_t max_value_bytes = 1024 * 1024;
  size_t max_batch_keys = 1000;
  size_t max_batch_bytes = 3 * 1024 * 1024;
  size_t max_batch_answer_bytes = 16 * 1024 * 1024;
  absl::Duration request_timeout = absl::Seconds(1);
  std::string cache_control = "private, no-cache";
};

// The most bytes that JSON needs for `value_bytes` bytes of values: each may be written \u00XX,
// and the rest of the document has room beside them.
constexpr uint64_t MaxJsonBytes(size_t value_bytes) {
  return 6 * static_cast<uint64_t>(value_bytes) + 64 * 1024;
}

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_HANDLER_CONFIG_H_
