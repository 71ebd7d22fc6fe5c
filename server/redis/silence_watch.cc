#include "server/redis/silence_watch.h"

namespace kache::redis {

SilenceWatch::SilenceWatch(absl::Duration silence_limit, absl::Duration ping_timeout)
    : silence_limit_(absl::ToChronoNanoseconds(silence_limit)),
      ping_timeout_(absl::ToChronoNanoseconds(ping_timeout)) {}

bool SilenceWatch::Exceeded(MonotonicTime now, int patience) const {
  const std::chrono::nanoseconds silence = now - since_;
  if (silence >= ping_timeout_ * patience) return true;
  return timeouts_ >= kTimeoutsNeeded && silence >= silence_limit_ * patience;
}

bool SilenceWatch::Silent(MonotonicTime now) const { return now - since_ >= silence_limit_ / 2; }

void SilenceWatch::Restart(MonotonicTime now) {
  since_ = now;
  timeouts_ = 0;
}

}  // namespace kache::redis
