// Decides when a connection has been silent for too long: pure, fed with what happened.
//
// Silence is the time since the last byte came, or since a command began to wait where none did.
// Two limits: `silence_limit` once kTimeoutsNeeded commands have timed out in this silence,
// `ping_timeout` whatever the traffic.
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_SILENCE_WATCH_H_
#define KACHE_SERVER_REDIS_SILENCE_WATCH_H_

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "absl/time/time.h"
#include "base/clock.h"

namespace kache::redis {

class SilenceWatch {
 public:
  static constexpr size_t kTimeoutsNeeded = 3;
  // The limits are this much longer while most nodes are silent, so the fault is likely ours.
  static constexpr int kSuspectSelfFactor = 4;

  SilenceWatch(absl::Duration silence_limit, absl::Duration ping_timeout);

  // A command waits for its reply, and none did before.
  void OnFirstWaiting(MonotonicTime now) { Restart(now); }
  void OnBytes(MonotonicTime now) { Restart(now); }
  void OnTimeouts(size_t commands) { timeouts_ += commands; }
  // The loop itself was held up for so long, until `now`: nobody could have been heard. A silence
  // that began meanwhile, or since, gains no more than has passed of it.
  void Extend(std::chrono::nanoseconds delay, MonotonicTime now) {
    since_ = std::max(since_, std::min(since_ + delay, now));
  }

  // The two questions of whether to give up: by the plain limits (`patience` 1), or by those of
  // kSuspectSelfFactor. Meaningful only while commands wait.
  bool Exceeded(MonotonicTime now, int patience) const;
  // Half of the shorter limit has passed.
  bool Silent(MonotonicTime now) const;
  absl::Duration Silence(MonotonicTime now) const { return absl::FromChrono(now - since_); }

 private:
  void Restart(MonotonicTime now);

  const std::chrono::nanoseconds silence_limit_;
  const std::chrono::nanoseconds ping_timeout_;
  MonotonicTime since_;
  size_t timeouts_ = 0;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_SILENCE_WATCH_H_
