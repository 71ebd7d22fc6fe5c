// Tells a coordinator that it is cut off: it reaches less than half of the nodes that the other
// living coordinators reach together, by their heartbeats. It had better be asked by nobody.
//
//  * Nodes that are down for everybody count for nobody: their death turns nobody away.
//  * Where no other coordinator lives, or none can be heard of, nobody is in a minority.
//  * It counts once it has lasted for two of this coordinator's inspection intervals, by heartbeats
//    that tell of the time since it began: where nodes die for all, the others say so by then, and
//    one that stands still says nothing.
//
// Pure; thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_MINORITY_WATCH_H_
#define KACHE_SERVER_RECOVERY_MINORITY_WATCH_H_

#include <optional>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/recovery/evidence.h"

namespace kache {

// Whether this coordinator reaches less than half of what the living others together reach, by
// their heartbeats of `as_of` or later.
bool ReachesMinority(const Evidence& evidence, absl::Time as_of = absl::InfinitePast());

class MinorityWatch {
 public:
  explicit MinorityWatch(absl::Duration interval) : interval_(interval) {}

  // Takes in the newest evidence. Whether this coordinator has been in a minority for long enough.
  bool OnEvidence(const Evidence& evidence, MonotonicTime now);

 private:
  const absl::Duration interval_;
  std::optional<MonotonicTime> since_;
  absl::Time begun_at_;  // the same, in cluster time
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_MINORITY_WATCH_H_
