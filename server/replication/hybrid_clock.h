// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): versions that never
// go back in this process, stay close to wall-clock time, and are after every version that was
// observed, as long as that one was not absurdly far ahead.
//
// Shard thread only: each shard has its own, all with the same coordinator id. A key's versions
// come from one shard, so they are in order.
#ifndef KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_
#define KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"
#include "server/replication/version.h"

namespace kache {

class HybridClock {
 public:
  HybridClock(uint64_t coordinator, absl::Duration max_skew)
      : coordinator_(coordinator), max_skew_(max_skew) {}

  // A version after all that this clock gave or observed. `now` is wall-clock time.
  Version Next(absl::Time now);

  // Notes another coordinator's version. False when it is more than max_skew ahead of `now`: then
  // it changes nothing here.
  bool Observe(const Version& version, absl::Time now);

  // True for a version that Next gave here, before now. False for one of ours that was put above
  // a version which this clock does not follow.
  bool Gave(const Version& version) const {
    return version.coordinator == coordinator_ && version.timestamp <= last_;
  }

  uint64_t coordinator() const { return coordinator_; }

 private:
  const uint64_t coordinator_;
  const absl::Duration max_skew_;
  uint64_t last_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_
