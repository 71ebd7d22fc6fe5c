// Runs an event loop on the test's own thread until something has happened, so that a test reads
// top to bottom and needs no lock.
#ifndef KACHE_TESTS_TESTING_LOOP_RUNNER_H_
#define KACHE_TESTS_TESTING_LOOP_RUNNER_H_

#include <functional>

#include "absl/time/time.h"
#include "server/redis/event_loop.h"

namespace kache::testing {

class LoopRunner {
 public:
  redis::EventLoop& loop() { return loop_; }

  // False when `condition` did not become true within `limit`. It is asked every millisecond.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& condition,
                              absl::Duration limit = absl::Seconds(20));
  // For what must *not* happen.
  void RunFor(absl::Duration duration);

 private:
  redis::EventLoop loop_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_LOOP_RUNNER_H_
