#include "ring/node_id.h"

#include "ring/murmur3.h"

namespace kache {

uint32_t WireNodeId(std::string_view name) {
  return static_cast<uint32_t>(Murmur3X64_128(name, 0).first);
}

}  // namespace kache
