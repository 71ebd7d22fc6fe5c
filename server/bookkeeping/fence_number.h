// The number of a fence: which of a node's fences it is. Each takes a higher one than all that
// anybody knows of, so that whoever finishes the resync of an earlier fence cannot lift a later
// one. Where a node lost its memory, and with it the number, the next one may be lower all the
// same: numbers of one process of the node are compared for order, those of two for equality only.
#ifndef KACHE_SERVER_BOOKKEEPING_FENCE_NUMBER_H_
#define KACHE_SERVER_BOOKKEEPING_FENCE_NUMBER_H_

#include <cstdint>
#include <string>

namespace kache {

enum class FenceNumber : uint64_t {};

inline std::string FenceText(FenceNumber number) {
  return std::to_string(static_cast<uint64_t>(number));
}

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_FENCE_NUMBER_H_
