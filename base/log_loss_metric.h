// Shows how many log lines were lost (base/log_queue.h): kache_log_lines_lost_total.
#ifndef KACHE_BASE_LOG_LOSS_METRIC_H_
#define KACHE_BASE_LOG_LOSS_METRIC_H_

#include <cstdint>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "base/logging.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace kache {

// Thread-safe. The registry outlives it.
class LogLossMetric {
 public:
  explicit LogLossMetric(prometheus::Registry& registry)
      : counter_(
            prometheus::BuildCounter()
                .Name("kache_log_lines_lost_total")
                .Help("Log lines lost because the reader of standard error was too slow, or gone")
                .Register(registry)
                .Add({})) {}

  // Brings the counter up to date.
  void Publish() {
    const std::lock_guard lock(mutex_);
    const uint64_t lost = LostLogLines();
    counter_.Increment(static_cast<double>(lost - shown_));
    shown_ = lost;
  }

 private:
  prometheus::Counter& counter_;
  std::mutex mutex_;
  uint64_t shown_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kache

#endif  // KACHE_BASE_LOG_LOSS_METRIC_H_
