// When may a failed call be tried again? Three limits: attempts of one call, its deadline, and a
// budget over all calls, so that retries cannot multiply the load of servers that are in trouble.
//
// The budget: a bucket of tokens. An attempt that fails takes some, one that succeeds gives a tenth
// of that back; retries are made while the bucket is more than half full.
#ifndef KACHE_CLIENT_RETRY_BUDGET_H_
#define KACHE_CLIENT_RETRY_BUDGET_H_

#include <algorithm>
#include <atomic>

#include "absl/time/time.h"

namespace kache {

constexpr int kMaxAttempts = 6;
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(10);
constexpr absl::Duration kMaxBackoff = absl::Milliseconds(200);

// How long to wait before attempt number `attempt` (the second is 2): doubling from kFirstBackoff
// to kMaxBackoff, and of that between half and all. `random` is uniform in [0, 1).
inline absl::Duration RetryBackoff(int attempt, double random) {
  absl::Duration wait = kFirstBackoff;
  for (int i = 2; i < attempt; ++i) wait = std::min(wait * 2, kMaxBackoff);
  return wait * (0.5 + random / 2);
}

// How long to wait before a write is sent that was stamped anew `restamps` times: not at all at
// first; then so that what makes it lose has time to end.
inline absl::Duration RestampWait(int restamps, double random) {
  return restamps < 2 ? absl::ZeroDuration() : RetryBackoff(restamps, random);
}

// Thread-safe; counts may be off by a few under contention, which harms nobody.
class RetryBudget {
 public:
  static constexpr int kTokens = 1000;
  static constexpr int kCost = 10;
  static constexpr int kRefund = 1;

  void OnSuccess() {
    const int now = tokens_.load(std::memory_order_relaxed);
    if (now < kTokens) tokens_.store(std::min(kTokens, now + kRefund), std::memory_order_relaxed);
  }
  bool MayRetry() const { return tokens_.load(std::memory_order_relaxed) > kTokens / 2; }
  // The same, after a failure that counts.
  bool OnFailure() {
    const int now = tokens_.load(std::memory_order_relaxed);
    tokens_.store(std::max(0, now - kCost), std::memory_order_relaxed);
    return now > kTokens / 2;
  }

 private:
  std::atomic<int> tokens_ = kTokens;
};

}  // namespace kache

#endif  // KACHE_CLIENT_RETRY_BUDGET_H_
