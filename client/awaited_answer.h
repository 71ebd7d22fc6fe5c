// What a blocking call waits for. The deadline is the call's own: the callback always runs, once.
//
//   AwaitedAnswer<absl::StatusOr<Receipt>> answer;
//   PutAsync(..., answer.Callback());
//   return answer.Wait();
//
// Thread-safe, but for its destruction: after Wait has returned.
#ifndef KACHE_CLIENT_AWAITED_ANSWER_H_
#define KACHE_CLIENT_AWAITED_ANSWER_H_

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace kache {

template <class Result>
class AwaitedAnswer {
 public:
  auto Callback() {
    return [this](Result result) {
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      // Under the lock: once it is free, Wait may return and this object be gone.
      arrived_.notify_one();
    };
  }
  Result Wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return result_.has_value(); });
    return *std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Result> result_;
};

}  // namespace kache

#endif  // KACHE_CLIENT_AWAITED_ANSWER_H_
