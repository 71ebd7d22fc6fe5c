// Tells which of two writes to a key is the newer one. Stamped by the hybrid clock of a coordinator
// (hybrid_clock.h) or a caller (stamp.h), carried by every record, compared by every replica.
#ifndef KACHE_SERVER_REPLICATION_VERSION_H_
#define KACHE_SERVER_REPLICATION_VERSION_H_

#include <compare>
#include <cstdint>

namespace kache {

struct Version {
  // Milliseconds since the Unix epoch in the upper 48 bits, a counter in the lower 16.
  uint64_t timestamp = 0;
  // The clock that stamped it, in the upper 48 bits: random for every start of a process. A hash of
  // the record's content in the lower 16 (record.h), so that one stamp used for two contents is two
  // versions.
  uint64_t clock = 0;

  bool IsZero() const { return timestamp == 0 && clock == 0; }
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

// The milliseconds of a Version::timestamp, since the Unix epoch.
constexpr int64_t MillisOf(uint64_t timestamp) { return static_cast<int64_t>(timestamp >> 16); }

inline constexpr uint64_t kContentHashMask = 0xFFFF;

// True when both were stamped by one clock.
constexpr bool SameClock(uint64_t a, uint64_t b) {
  return (a & ~kContentHashMask) == (b & ~kContentHashMask);
}

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_VERSION_H_
