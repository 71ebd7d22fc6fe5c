// The version that a caller gives to its write, so that it may send the write again: all attempts
// carry the same stamp, and are one record. Plain values and pure checks; docs/consistency.md says
// what they promise.
#ifndef KACHE_SERVER_REPLICATION_STAMP_H_
#define KACHE_SERVER_REPLICATION_STAMP_H_

#include <cstdint>

#include "absl/time/time.h"
#include "server/replication/version.h"

namespace kache {

struct Stamp {
  uint64_t timestamp = 0;  // as Version::timestamp
  uint64_t clock = 0;      // as Version::clock, without a hash; 0 = there is no stamp
  // The instant (cluster time, Unix ms) from which lives run: when the write was stamped first. 0 =
  // the timestamp's milliseconds.
  int64_t made_at_ms = 0;
  // What a replica held when the stamp was put above it; zero = not known.
  Version above = {};
  // The token of a lease (lease.h): the write is its fill.
  bool is_lease = false;

  bool IsSet() const { return clock != 0; }
  int64_t MadeAtMs() const { return made_at_ms != 0 ? made_at_ms : MillisOf(timestamp); }
};

// What is to be done with a stamped write at cluster time `now`. A stamp is too old a while before
// max_write_age is over (10 s, or a quarter of it where that is less), so that what is taken does
// not reach one node in time and the next too late.
enum class StampVerdict : uint8_t {
  kFits,
  kTooOld,  // a newer tombstone may end before it lands
  kTooFarAhead,
  kAskFirst,  // too far ahead, but just above `above`: it fits where a replica holds that
};
StampVerdict JudgeStamp(const Stamp& stamp, absl::Time now, absl::Duration max_write_age,
                        absl::Duration max_skew);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_STAMP_H_
