// When the next request of a worker is due.
//
// Closed loop: as soon as a slot is free. Open loop: at fixed instants, whatever became of the
// requests before; a request that starts late because all slots were busy is measured from the
// instant at which it was due, so that a stalled server shows in the latencies of all that it made
// wait (no "coordinated omission").
//
// Thread-compatible. Pure: the clock is the caller's.
#ifndef KACHE_CLIENT_BENCH_PACER_H_
#define KACHE_CLIENT_BENCH_PACER_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "client/bench/load.h"

namespace kache::bench {

class Pacer {
 public:
  // Requests a second; 0 = closed loop. None is due from `end` on.
  Pacer(Instant start, Instant end, double rate) : start_(start), end_(end), rate_(rate) {}

  // When the next request is due; in a closed loop `now`.
  Instant Due(Instant now) const {
    if (rate_ == 0) return now;
    return start_ + std::chrono::duration_cast<Instant::duration>(
                        std::chrono::duration<double>(static_cast<double>(started_) / rate_));
  }
  // True when no further request is to be started. In an open loop what is due but could not be
  // started by `end` is given up, and counted.
  bool Ended(Instant now) const { return now >= end_ || Due(now) >= end_; }
  void OnStart() { ++started_; }

  // Requests that were due until `end` but never started.
  uint64_t NeverStarted() const {
    if (rate_ == 0) return 0;
    const double all = std::chrono::duration<double>(end_ - start_).count() * rate_;
    return static_cast<uint64_t>(std::max(0.0, all - static_cast<double>(started_)));
  }

 private:
  const Instant start_;
  const Instant end_;
  const double rate_;
  uint64_t started_ = 0;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_PACER_H_
