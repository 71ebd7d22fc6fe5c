// Waiting for what is to happen on another thread.
#ifndef KACHE_TESTS_TESTING_EVENTUALLY_H_
#define KACHE_TESTS_TESTING_EVENTUALLY_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace kache {

// An upper bound that only a failing test reaches. It leaves room for a sanitizer on a busy
// machine.
constexpr absl::Duration kPatience = absl::Seconds(60);

// True when `condition` holds within `limit`.
template <class Condition>
bool Eventually(Condition condition, absl::Duration limit = kPatience) {
  const absl::Time deadline = absl::Now() + limit;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_EVENTUALLY_H_
