// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): versions that never
// go back in this process, stay close to wall-clock time, and are after every version that was
// observed, as long as that one was not absurdly far ahead.
//
// A key whose replicas hold a version that was absurdly far ahead is a case of its own: its writes
// are stamped above that one, and above each other, without moving the clock for other keys. The
// clock remembers kMaxKeysAhead such keys; of a forgotten one the next write meets the held version
// anew.
//
// Shard thread only: each shard has its own, all with the same coordinator id, whose lower 16 bits
// are 0 (version.h). A key's versions come from one shard, so they are in order, and no two writes
// of it ever get the same one.
#ifndef KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_
#define KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/replication/version.h"

namespace kache {

class HybridClock {
 public:
  HybridClock(uint64_t coordinator, absl::Duration max_skew)
      : coordinator_(coordinator), max_skew_(max_skew) {}

  static constexpr size_t kMaxKeysAhead = 4096;

  // A version for a write of the key with `token`: after all that this clock observed, and gave for
  // the key. `now` is wall-clock time.
  Version Next(uint64_t token, absl::Time now);
  // The same, after `held` too, however far ahead that is. Requires: held is not the highest
  // timestamp there is.
  Version NextAbove(const Version& held, uint64_t token, absl::Time now);

  // Notes a version of another clock. False when it is more than max_skew ahead of `now`: then
  // it changes nothing here.
  bool Observe(const Version& version, absl::Time now);

  // True for a version of this process that was given for the key with `token`.
  bool Gave(const Version& version, uint64_t token) const;

  uint64_t coordinator() const { return coordinator_; }

 private:
  void Remember(uint64_t token, uint64_t timestamp);

  const uint64_t coordinator_;
  const absl::Duration max_skew_;
  uint64_t last_ = 0;
  // The last timestamp given for a key (by token) that is ahead of last_.
  absl::flat_hash_map<uint64_t, uint64_t> ahead_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_HYBRID_CLOCK_H_
