// What a program takes of a memory limit beside the bounds that its settings name.
//
// Pure. Thread-safe.
#ifndef KACHE_BASE_MEMORY_PARTS_H_
#define KACHE_BASE_MEMORY_PARTS_H_

#include <cstdint>

#include "base/memory_sum.h"

namespace kache {

// The allocator keeps up to an eighth more than it was asked for: its size classes are an eighth
// apart on average, and what was freed goes back to the system a moment later.
inline constexpr uint64_t kAllocatorPart = 8;
// What the kernel counts for the process: page tables, and with cgroup version 2 socket buffers.
inline constexpr uint64_t kKernelPart = 16;

// Of `limit` bytes, what is left for bounds where the process itself takes `process_bytes`.
constexpr uint64_t BytesForBounds(uint64_t limit, uint64_t process_bytes) {
  const uint64_t taken = process_bytes + limit / kKernelPart;
  return limit > taken ? (limit - taken) / (kAllocatorPart + 1) * kAllocatorPart : 0;
}

// Adds the allocator's part of what is in the sum so far, the process itself, and the kernel's
// part.
inline void AddProcess(uint64_t limit, uint64_t process_bytes, MemorySum* sum) {
  sum->Add("the allocator's eighth of these", sum->bytes() / kAllocatorPart);
  sum->Add("the process itself", process_bytes);
  sum->Add("the kernel's sixteenth of the limit", limit / kKernelPart);
}

}  // namespace kache

#endif  // KACHE_BASE_MEMORY_PARTS_H_
