// Holds background work to a rate: a token bucket that may run into debt, so that the size of a
// step need not be known before it is done. Pure: fed with the time.
//
// Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_PACE_H_
#define KACHE_SERVER_RECOVERY_PACE_H_

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace kache {

class Pace {
 public:
  // At most `per_second` units a second on average; a burst is a twentieth of that.
  explicit Pace(double per_second) : per_second_(per_second) {}

  // True when the next step may begin.
  bool Ready(MonotonicTime now) {
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    left_ = std::min(left_ + passed * per_second_, per_second_ / 20);
    return left_ >= 0;
  }
  void Spend(double units) { left_ -= units; }
  void SetRate(double per_second) { per_second_ = per_second; }

 private:
  double per_second_;
  double left_ = 0;
  MonotonicTime last_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PACE_H_
