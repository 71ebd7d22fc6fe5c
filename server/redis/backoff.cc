#include "server/redis/backoff.h"

#include <algorithm>

namespace kache::redis {

absl::Duration Backoff::Next(double random) {
  ceiling_ = std::min(ceiling_ * 2, max_);
  return min_ + (ceiling_ - min_) * random;
}

}  // namespace kache::redis
