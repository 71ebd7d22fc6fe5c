// Calls a function again and again on a thread of its own, until destroyed.
#ifndef KACHE_BASE_TICKER_H_
#define KACHE_BASE_TICKER_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "base/notification.h"

namespace kache {

class Ticker {
 public:
  // `tick` must be quick.
  Ticker(absl::Duration interval, std::function<void()> tick)
      : thread_([this, interval, tick = std::move(tick)] {
          while (!stop_.WaitForNotificationWithTimeout(interval)) tick();
        }) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  // Waits for a call that is under way.
  ~Ticker() {
    stop_.Notify();
    thread_.join();
  }

 private:
  Notification stop_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kache

#endif  // KACHE_BASE_TICKER_H_
