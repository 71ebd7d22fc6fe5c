// What a marker calls a ring: its fingerprint (HashRing::Fingerprint) in one of its generations. A
// cluster that comes back to a ring that it had before has it in a later generation, so that a node
// which was away in between can be told from one that was there.
//
//   id = fingerprint + generation * kStep  (mod 2^64)
//
// Generation 0 is the fingerprint itself, as releases before this one write it. As the step is odd,
// it has an inverse, and an id tells its generation to whoever knows the fingerprint. Generations
// stay below kGenerations, so another ring's id is taken for one of ours once in 2^28.
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_RING_ID_H_
#define KACHE_SERVER_BOOKKEEPING_RING_ID_H_

#include <cstdint>
#include <optional>
#include <string>

namespace kache {

// Unix seconds fit for some two thousand years.
inline constexpr uint64_t kGenerations = uint64_t{1} << 36;

uint64_t RingId(uint64_t fingerprint, uint64_t generation);

// Nullopt where `id` is another ring's.
std::optional<uint64_t> GenerationOf(uint64_t id, uint64_t fingerprint);

// An id as all bookkeeping writes it: 16 hexadecimal digits.
std::string RingText(uint64_t id);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_RING_ID_H_
