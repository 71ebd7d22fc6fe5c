// Asks a coordinator for cluster time before the first write of a transport. Writes that wait for
// it together share one question.
//
//   question.Ask(deadline, [this] { ... });    // cluster time is known now, or was not to be had
//
// A question ends by the deadline of the write that asked it. A write joins the one under way when
// that ends by its own deadline; else it asks another one.
//
// Thread-safe. `then` is called exactly once, on any thread, also inside Ask.
#ifndef KACHE_CLIENT_TIME_QUESTION_H_
#define KACHE_CLIENT_TIME_QUESTION_H_

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/clock.h"

namespace kache {

class TimeQuestion {
 public:
  using Then = absl::AnyInvocable<void()>;
  // Asks a coordinator, which teaches the transport what the time is, and calls `then` by the
  // deadline, whatever the answer is.
  using Send = absl::AnyInvocable<void(MonotonicTime deadline, Then then) const>;

  explicit TimeQuestion(Send send) : send_(std::move(send)) {}

  void Ask(MonotonicTime deadline, Then then) {
    const auto asked = std::make_shared<Round>();
    {
      const std::lock_guard lock(mutex_);
      if (under_way_ != nullptr && under_way_->deadline <= deadline) {
        under_way_->waiting.push_back(std::move(then));
        return;
      }
      asked->deadline = deadline;
      asked->waiting.push_back(std::move(then));
      under_way_ = asked;
    }
    send_(deadline, [this, asked] { End(*asked); });
  }

 private:
  struct Round {  // shared: another one may take its place while it is under way
    MonotonicTime deadline;
    std::vector<Then> waiting;  // under the lock
  };

  void End(Round& round) {
    std::vector<Then> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(round.waiting);
      if (under_way_.get() == &round) under_way_.reset();
    }
    for (Then& then : waiting) then();
  }

  const Send send_;
  std::mutex mutex_;
  std::shared_ptr<Round> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kache

#endif  // KACHE_CLIENT_TIME_QUESTION_H_
