// What a callback was given, for a test to look at; fails the test when it is called twice.
//
//   Answer<Receipt> answer;
//   coordinator.Put("k", "v", ttl, deadline, answer.Callback());
//   ...
//   ASSERT_TRUE(answer.came());
//   EXPECT_EQ(answer->acknowledged, 1u);
//
// The callback may outlive the object. Thread-compatible; see WaitFor for other threads' answers.
#ifndef KACHE_TESTS_TESTING_ANSWER_H_
#define KACHE_TESTS_TESTING_ANSWER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace kache::testing {

template <typename T>
class Answer {
 public:
  absl::AnyInvocable<void(absl::StatusOr<T>)> Callback() {
    return [slot = slot_](absl::StatusOr<T> answer) {
      const std::lock_guard lock(slot->mutex);
      EXPECT_FALSE(slot->answer.has_value()) << "answered twice";
      slot->answer = std::move(answer);
      slot->came.notify_all();
    };
  }

  bool came() const {
    const std::lock_guard lock(slot_->mutex);
    return slot_->answer.has_value();
  }
  // False when no answer came within `limit`.
  [[nodiscard]] bool WaitFor(absl::Duration limit = absl::Seconds(30)) const {
    std::unique_lock lock(slot_->mutex);
    return slot_->came.wait_for(lock, absl::ToChronoNanoseconds(limit),
                                [this] { return slot_->answer.has_value(); });
  }

  // UNKNOWN while no answer came.
  absl::Status status() const {
    const std::lock_guard lock(slot_->mutex);
    return slot_->answer ? slot_->answer->status() : absl::UnknownError("no answer yet");
  }
  absl::StatusCode code() const { return status().code(); }
  bool ok() const { return status().ok(); }

  // Requires: came() and ok(), else the test program ends.
  const T& operator*() const { return slot_->answer.value().value(); }
  const T* operator->() const { return &**this; }

 private:
  struct Slot {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<absl::StatusOr<T>> answer;
  };
  std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();  // shared: with the callback
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_ANSWER_H_
