// How long to wait before the next try to connect: exponential, with full jitter, so that the
// clients of a server that comes back do not all come at the same instant.
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_BACKOFF_H_
#define KACHE_SERVER_REDIS_BACKOFF_H_

#include "absl/time/time.h"

namespace kache::redis {

class Backoff {
 public:
  // Requires: 0 < min <= max.
  Backoff(absl::Duration min, absl::Duration max) : min_(min), max_(max), ceiling_(min) {}

  // The next wait: evenly between `min` and a ceiling that doubles with each call, from 2 * min to
  // `max`. `random` is drawn evenly from [0, 1).
  absl::Duration Next(double random);
  // Starts over.
  void Reset() { ceiling_ = min_; }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  absl::Duration ceiling_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_BACKOFF_H_
