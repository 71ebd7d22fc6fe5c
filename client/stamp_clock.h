// The clock by which a caller stamps its writes: a hybrid logical clock (Kulkarni et al., "Logical
// Physical Clocks", 2014) that runs by cluster time, with a random id of 48 bits.
//
// A transport has one, which all its lanes share: one clock gives one order, so that of two writes
// of one caller the one that was begun later has the higher stamp, on whatever lane, stream and
// coordinator it travels. Two transports never share a clock, so no stamp is ever given twice.
//
// Invariants
//   1. The *line*: Next gives stamps of this id that only rise, each once. The line is after every
//      version that was observed, and never more than kMaxFollow ahead of cluster time, but for
//      what a burst of writes in one millisecond adds.
//   2. A stamp above a version that is further ahead is not on the line, and does not move it: one
//      record of a wrong clock must not drag the clocks of all callers along. It has a random id of
//      its own. So GaveLater never takes it for a later write of this caller.
//
// `now` is cluster time; the lower 16 bits of every clock in a stamp are 0.
//
// Thread-safe, without locks but for Restart.
#ifndef KACHE_CLIENT_STAMP_CLOCK_H_
#define KACHE_CLIENT_STAMP_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "absl/time/time.h"
#include "client/types.h"

namespace kache {

class StampClock {
 public:
  // Half of the default MAX_CLOCK_SKEW_MS: so a coordinator whose cluster time is a little behind
  // still takes what a clock gives that has followed.
  static constexpr absl::Duration kMaxFollow = absl::Milliseconds(2500);

  StampClock();

  // The next stamp of the line.
  Version Next(absl::Time now);
  // A stamp above `held`. Nullopt when no timestamp is.
  std::optional<Version> NextAbove(const Version& held, absl::Time now);

  // Moves the line above `version`, unless that is more than kMaxFollow ahead of `now`.
  void Observe(const Version& version, absl::Time now);
  // False when Observe would change nothing; cheap.
  bool IsBehind(const Version& version) const {
    return version.timestamp > last_.load(std::memory_order_relaxed);
  }

  // True for a version of this clock's line that was given after `stamp`.
  bool GaveLater(const Version& version, const Version& stamp) const;

  // Begins a new line at `now`, with another id, if `refused` is of the present one: coordinators
  // found it too far ahead, as cluster time was not known well when the line got there.
  void Restart(const Version& refused, absl::Time now);

  // In the upper 48 bits.
  uint64_t id() const { return id_.load(std::memory_order_acquire); }

 private:
  static constexpr uint64_t kRestarting = 0;

  std::mutex mutex_;  // between two Restarts
  std::atomic<uint64_t> id_;
  std::atomic<uint64_t> last_ = 0;  // of the line
};

// The milliseconds of a timestamp, and the first timestamp of a millisecond.
int64_t MillisOf(uint64_t timestamp);
uint64_t TimestampAt(absl::Time time);

// Whether `version` is that of a write with the stamp `stamp`: equal but for the hash of the
// content in the lower 16 bits of the clock.
bool IsOfStamp(const Version& version, const Version& stamp);

}  // namespace kache

#endif  // KACHE_CLIENT_STAMP_CLOCK_H_
