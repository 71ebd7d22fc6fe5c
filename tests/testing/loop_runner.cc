#include "tests/testing/loop_runner.h"

#include <chrono>
#include <memory>

namespace kache::testing {

bool LoopRunner::RunUntil(const std::function<bool()>& condition, absl::Duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit);
  bool met = condition();
  if (met) return true;
  bool stopping = false;  // a second Stop would end the run after this one
  const std::unique_ptr<redis::EventLoop::Timer> timer = loop_.Every(absl::Milliseconds(1), [&] {
    if (stopping) return;
    met = condition();
    stopping = met || std::chrono::steady_clock::now() >= deadline;
    if (stopping) loop_.Stop();
  });
  loop_.Run();
  return met;
}

void LoopRunner::RunFor(absl::Duration duration) {
  (void)RunUntil([] { return false; }, duration);
}

}  // namespace kache::testing
