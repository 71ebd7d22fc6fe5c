// Bounds the operations in the process: each is counted from its acceptance until its answer has
// left. A batch counts its keys.
//
// Thread-safe, without a lock.
#ifndef KACHE_SERVER_API_ADMISSION_H_
#define KACHE_SERVER_API_ADMISSION_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace kache {

class AdmissionControl {
 public:
  // At most `limit` operations at a time. A batch larger than the limit is let in when nothing
  // else runs, so that it is never refused for ever. `registry` outlives this object.
  AdmissionControl(int64_t limit, prometheus::Registry& registry);

  // OK: `operations` count until Release. RESOURCE_EXHAUSTED when there is no room, UNAVAILABLE
  // after Close: nothing is counted, and nothing is to be done.
  absl::Status Admit(int64_t operations);
  void Release(int64_t operations) { in_flight_.fetch_sub(operations, std::memory_order_relaxed); }

  // Nothing is admitted any more.
  void Close() { closed_.store(true); }

  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  // Brings the gauge kache_in_flight_operations up to date; to be called now and then.
  void PublishGauge() { gauge_.Set(static_cast<double>(in_flight())); }

 private:
  const int64_t limit_;
  std::atomic<int64_t> in_flight_{0};
  std::atomic<bool> closed_{false};
  prometheus::Gauge& gauge_;
  prometheus::Counter& rejected_full_;
  prometheus::Counter& rejected_closed_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_ADMISSION_H_
