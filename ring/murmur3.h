// MurmurHash3, the x64 variant with 128 bits of result (Austin Appleby, public domain, 2011). Fast
// and evenly spread; not for secrets, and not safe against keys chosen to collide.
//
// The same bytes give the same hash on every platform: words are read as little-endian.
//
// Pure, so thread-safe. O(length).
#ifndef KACHE_RING_MURMUR3_H_
#define KACHE_RING_MURMUR3_H_

#include <cstdint>
#include <string_view>

namespace kache {

struct Hash128 {
  uint64_t first = 0;   // h1 of the published algorithm
  uint64_t second = 0;  // h2
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

Hash128 Murmur3X64_128(std::string_view bytes, uint32_t seed);

}  // namespace kache

#endif  // KACHE_RING_MURMUR3_H_
