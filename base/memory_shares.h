// Divides memory among bounds, so that together they stay within it: each gets a part by its
// weight, within its own limits; what a bound does not take goes to the others.
//
// Pure. Thread-compatible.
#ifndef KACHE_BASE_MEMORY_SHARES_H_
#define KACHE_BASE_MEMORY_SHARES_H_

#include <cstdint>
#include <span>

namespace kache {

struct MemoryShare {
  uint64_t weight = 1;
  uint64_t bytes_per_unit = 1;  // what one unit of the bound costs
  uint64_t least = 0;           // units
  uint64_t most = UINT64_MAX;
  // The bound, in units. Given already where `is_set`: it is left alone.
  bool is_set = false;
  uint64_t units = 0;

  uint64_t bytes() const { return units * bytes_per_unit; }
};

// Gives each share its units. Their sum is above `bytes` only where `least` and what is set are.
void DivideMemory(uint64_t bytes, std::span<MemoryShare> shares);

}  // namespace kache

#endif  // KACHE_BASE_MEMORY_SHARES_H_
