// Something that happens once, and that other threads wait for.
//
// Thread-safe. May be destroyed as soon as a waiter returned, whether or not Notify has. In place
// of abseil's, which ThreadSanitizer cannot see through where abseil was built without it.
#ifndef KACHE_BASE_NOTIFICATION_H_
#define KACHE_BASE_NOTIFICATION_H_

#include <condition_variable>
#include <mutex>

#include "absl/time/time.h"

namespace kache {

class Notification {
 public:
  Notification() = default;
  Notification(const Notification&) = delete;
  Notification& operator=(const Notification&) = delete;

  // Call it once.
  void Notify() {
    const std::lock_guard lock(mutex_);
    notified_ = true;
    condition_.notify_all();  // under the lock: a waiter that returns may destroy this
  }

  bool HasBeenNotified() const {
    const std::lock_guard lock(mutex_);
    return notified_;
  }

  void WaitForNotification() const {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return notified_; });
  }

  // False when it did not happen within `limit`, which is finite.
  bool WaitForNotificationWithTimeout(absl::Duration limit) const {
    std::unique_lock lock(mutex_);
    return condition_.wait_for(lock, absl::ToChronoNanoseconds(limit),
                               [this] { return notified_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable condition_;
  bool notified_ = false;
};

}  // namespace kache

#endif  // KACHE_BASE_NOTIFICATION_H_
