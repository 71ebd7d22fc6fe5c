// Waiting to the microsecond where the poll below counts in milliseconds, as gRPC's and epoll's do:
// in an open loop a request that starts a millisecond late is measured a millisecond too long.
#ifndef KACHE_CLIENT_BENCH_PRECISE_WAIT_H_
#define KACHE_CLIENT_BENCH_PRECISE_WAIT_H_

#include <algorithm>
#include <chrono>
#include <thread>

#include "client/bench/load.h"

namespace kache::bench {

// Waits until `until`, or shortly before, unless `poll` comes true earlier. `poll(instant)` waits
// until `instant`, up to a millisecond longer, and is true when something came. Near the end it is
// called without a wait, with short sleeps in between.
template <class Poll>
bool WaitPrecisely(Instant until, Poll poll) {
  constexpr auto kCoarse = std::chrono::milliseconds(2);
  constexpr auto kPause = std::chrono::microseconds(10);
  while (true) {
    const Instant now = std::chrono::steady_clock::now();
    if (until - now > kCoarse) return poll(until - kCoarse / 2);
    if (poll(now)) return true;
    if (now >= until) return false;
    std::this_thread::sleep_for(std::min<Instant::duration>(until - now, kPause));
  }
}

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_PRECISE_WAIT_H_
