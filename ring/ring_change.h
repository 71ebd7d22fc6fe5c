// The change of the ring that an operator accepts (ACCEPT_RING): "<from>:<to>", the fingerprints of
// the ring whose markers may be overwritten and of the ring that may do so, 16 hex digits each. It
// names both, so that the setting does no harm when it is left in place: it counts for no other
// ring of the settings, and for nodes of no other ring.
//
// Pure.
#ifndef KACHE_RING_RING_CHANGE_H_
#define KACHE_RING_RING_CHANGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kache {

struct RingChange {
  uint64_t from = 0;
  uint64_t to = 0;

  bool operator==(const RingChange&) const = default;
};

// Nullopt for what has not this form, or names one ring twice.
std::optional<RingChange> ParseRingChange(std::string_view text);

// As ParseRingChange reads it.
std::string RingChangeText(const RingChange& change);

}  // namespace kache

#endif  // KACHE_RING_RING_CHANGE_H_
