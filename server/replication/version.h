// Tells which of two writes to a key is the newer one. Stamped by the coordinator's hybrid clock
// (hybrid_clock.h), carried by every record, compared by every replica.
#ifndef KACHE_SERVER_REPLICATION_VERSION_H_
#define KACHE_SERVER_REPLICATION_VERSION_H_

#include <compare>
#include <cstdint>

namespace kache {

struct Version {
  // Milliseconds since the Unix epoch in the upper 48 bits, a counter in the lower 16.
  uint64_t timestamp = 0;
  // The server process that stamped it; random for every start.
  uint64_t clock = 0;

  bool IsZero() const { return timestamp == 0 && clock == 0; }
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_VERSION_H_
