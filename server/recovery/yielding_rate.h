// How fast background work may go beside the operations that users wait for: as fast as configured
// while those are begun at once, less when they wait. Pure: fed with how long they wait.
//
// Additive increase, multiplicative decrease (Chiu and Jain, "Analysis of the Increase and Decrease
// Algorithms for Congestion Avoidance in Computer Networks", 1989), as TCP shares a link: several
// servers that refill nodes side by side come to fair shares. A tenth of the rate is never given
// up, so that a refill ends however busy the servers are.
//
// Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_YIELDING_RATE_H_
#define KACHE_SERVER_RECOVERY_YIELDING_RATE_H_

#include <algorithm>
#include <utility>

#include "absl/time/time.h"

namespace kache {

class YieldingRate {
 public:
  // Waiting for longer is too long.
  static constexpr absl::Duration kTooLong = absl::Milliseconds(5);
  // Back to the full rate in so many steps.
  static constexpr double kSteps = 50;

  explicit YieldingRate(double most) : most_(most), now_(most) {}

  // An operation that came in now waited so long until it was begun. True when the rate was
  // lowered.
  bool OnWait(absl::Duration wait) {
    if (wait <= kTooLong) {
      now_ = std::min(most_, now_ + most_ / kSteps);
      return false;
    }
    const double before = std::exchange(now_, std::max(most_ / 10, now_ / 2));
    return now_ < before;
  }
  double now() const { return now_; }

 private:
  const double most_;
  double now_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_YIELDING_RATE_H_
