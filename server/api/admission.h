// Bounds the operations in the process, and the bytes of their requests and answers: each is
// counted from its acceptance until its answer has left, so that clients that do not read cannot
// make the process grow. A batch counts its keys. A request without room is not begun, a value that
// was read and finds none is dropped. The answer of a write, which is small, is counted without
// being asked about: what was done is never answered as if it was not. What a write takes on its
// way to the nodes counts against the same bytes, until the last node has it (Coordinator).
//
// Of both, one connection gets its fair share (base/fair_share.h): three quarters while it is
// alone, so that a connection that sends all that it can never keeps out the others.
//
// Thread-safe, without a lock.
#ifndef KACHE_SERVER_API_ADMISSION_H_
#define KACHE_SERVER_API_ADMISSION_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "base/byte_budget.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "server/api/connection_shares.h"

namespace kache {

class AdmissionControl {
 public:
  // At most `limit` operations and `max_bytes` bytes at a time. A batch larger than the limit is
  // let in when nothing else runs, so that it is never refused for ever. `registry` outlives this
  // object.
  AdmissionControl(int64_t limit, int64_t max_bytes, prometheus::Registry& registry);

  // OK: `operations` of a connection count until Release. RESOURCE_EXHAUSTED when there is no room,
  // UNAVAILABLE after Close: nothing is counted, and nothing is to be done.
  absl::Status Admit(int64_t operations, ConnectionPlace place);
  void Release(int64_t operations, ConnectionPlace place) {
    in_flight_.fetch_sub(operations, std::memory_order_relaxed);
    operations_of_.Remove(place, operations);
  }

  // False: there is no room for so many bytes more of a connection, and they do not count. True:
  // they count until ReleaseBytes. `own` and `size` as ByteBudget::Admit has them.
  bool AdmitBytes(int64_t bytes, ConnectionPlace place, int64_t own = 0, int64_t size = 0);
  void ReleaseBytes(int64_t bytes, ConnectionPlace place) {
    bytes_.Release(bytes);
    bytes_of_.Remove(place, bytes);
  }
  // The bytes count until ReleaseBytes, whether there is room or not.
  void CountBytes(int64_t bytes, ConnectionPlace place) {
    bytes_.Count(bytes);
    bytes_of_.Add(place, bytes);
  }
  // For who counts for itself. As long as this object.
  ByteBudget& bytes() { return bytes_; }
  // What to say when AdmitBytes said no, of whichever bound.
  absl::Status NoRoom() const;

  // Nothing is admitted any more.
  void Close() { closed_.store(true); }

  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  // Brings the gauges up to date; to be called now and then.
  void PublishGauges();

 private:
  const int64_t limit_;
  std::atomic<int64_t> in_flight_{0};
  ConnectionShares operations_of_;
  std::atomic<bool> closed_{false};
  prometheus::Gauge& gauge_;
  prometheus::Gauge& bytes_gauge_;
  prometheus::Counter& rejected_full_;
  prometheus::Counter& rejected_share_;
  prometheus::Counter& rejected_bytes_share_;
  prometheus::Counter& rejected_closed_;
  ByteBudget bytes_;
  ConnectionShares bytes_of_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_ADMISSION_H_
