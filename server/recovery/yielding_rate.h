// How fast background work may go beside the operations that users wait for: as fast as configured
// while these take about as long as in quiet, less when they take longer. Pure: fed with latencies.
//
// Additive increase, multiplicative decrease (Chiu and Jain, "Analysis of the Increase and Decrease
// Algorithms for Congestion Avoidance in Computer Networks", 1989), as TCP shares a link: several
// coordinators that resync nodes side by side come to fair shares. A tenth of the rate is never
// given up, so that a resync ends however busy the nodes are.
//
// Too long is twice as long as in quiet, and kMargin longer at least. In quiet is the median of the
// newest kQuietSamples: a node that stood still for a moment, or a busy second, does not count.
//
// Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_YIELDING_RATE_H_
#define KACHE_SERVER_RECOVERY_YIELDING_RATE_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace kache {

class YieldingRate {
 public:
  static constexpr absl::Duration kMargin = absl::Milliseconds(5);
  static constexpr size_t kQuietSamples = 15;
  // Back to the full rate in so many steps.
  static constexpr double kSteps = 50;

  explicit YieldingRate(double most) : most_(most), now_(most) {}

  // An operation took so long while no background work was done.
  void OnQuiet(absl::Duration latency) {
    quiet_.push_back(latency);
    if (quiet_.size() > kQuietSamples) quiet_.pop_front();
  }
  // The same beside the background work. True when the rate was lowered.
  bool OnLatency(absl::Duration latency) {
    if (latency <= longest()) {
      now_ = std::min(most_, now_ + most_ / kSteps);
      return false;
    }
    const double before = std::exchange(now_, std::max(most_ / 10, now_ / 2));
    return now_ < before;
  }
  // What is not too long. kMargin where nothing was measured in quiet.
  absl::Duration longest() const {
    const absl::Duration quiet = Quiet();
    return quiet + std::max(quiet, kMargin);
  }
  double now() const { return now_; }

 private:
  absl::Duration Quiet() const {
    if (quiet_.empty()) return absl::ZeroDuration();
    std::vector<absl::Duration> sorted(quiet_.begin(), quiet_.end());
    const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

  const double most_;
  double now_;
  std::deque<absl::Duration> quiet_;  // the newest last
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_YIELDING_RATE_H_
