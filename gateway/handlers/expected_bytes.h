// How large the next answer is likely to be, by the last ones: what is reserved for a read before a
// server is asked, as its size shows only with the answer.
//
// Rises faster than it falls, but not at once: too little costs an answer that is thrown away where
// memory is short, too much refusals beside memory that nobody takes. A few large answers among
// many small ones are room that all of them leave for each other.
//
// Thread-safe, without a lock. Sizes that need no reservation touch nothing that threads share.
#ifndef KACHE_GATEWAY_HANDLERS_EXPECTED_BYTES_H_
#define KACHE_GATEWAY_HANDLERS_EXPECTED_BYTES_H_

#include <atomic>
#include <cstdint>

#include "http/held_bytes.h"

namespace kache::gateway {

class ExpectedBytes {
 public:
  uint64_t Get() const { return bytes_.load(std::memory_order_relaxed); }

  // Of answers that come at the same time one may be forgotten.
  void Learn(uint64_t bytes) {
    const uint64_t before = Get();
    if (bytes <= HeldBytes::kUncountedBytes && before <= HeldBytes::kUncountedBytes) return;
    const uint64_t after = bytes < before ? before - (before - bytes + 15) / 16
                           : before == 0  ? bytes
                                          : before + (bytes - before + 3) / 4;
    if (after != before) bytes_.store(after, std::memory_order_relaxed);
  }

  // There was no room for so much: if that goes on, it was too much.
  void LearnRefusal() {
    const uint64_t before = Get();
    bytes_.store(before - (before + 15) / 16, std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> bytes_ = 0;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_EXPECTED_BYTES_H_
