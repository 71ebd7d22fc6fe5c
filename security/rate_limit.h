// At most so many operations a second, with one second's worth at once after a pause.
//
// A batch may go over the limit, as its size is not known when it is let in; what it took too much
// is waited for by those that come after it. (GCRA: one number says when all that was taken is
// paid.)
//
// Thread-safe, without a lock.
#ifndef KACHE_SECURITY_RATE_LIMIT_H_
#define KACHE_SECURITY_RATE_LIMIT_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "base/clock.h"

namespace kache {

class RateLimit {
 public:
  // 0 = no limit.
  explicit RateLimit(int64_t operations_per_second);

  // Zero: they are taken. Otherwise nothing is, and it would be after that time.
  absl::Duration Take(int64_t operations, MonotonicTime now);
  // Takes them whether there is room or not.
  void TakeAnyway(int64_t operations, MonotonicTime now);

 private:
  // As Take, with the last instant, relative to `now`, at which what was taken may be paid.
  int64_t Advance(int64_t operations, MonotonicTime now, int64_t room_ns);

  const double ns_per_operation_;  // 0 = no limit
  std::atomic<int64_t> paid_at_ns_{0};
};

}  // namespace kache

#endif  // KACHE_SECURITY_RATE_LIMIT_H_
