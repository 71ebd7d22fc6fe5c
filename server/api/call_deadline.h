// When a call must be answered. Pure.
#ifndef KACHE_SERVER_API_CALL_DEADLINE_H_
#define KACHE_SERVER_API_CALL_DEADLINE_H_

#include <grpc/support/time.h>

#include <cstdint>

#include "absl/time/time.h"
#include "base/clock.h"

namespace kache {

struct DeadlineRules {
  absl::Duration default_timeout = absl::Seconds(1);  // for callers who set no deadline
  absl::Duration longest = absl::Seconds(60);         // whatever the caller said
};

// `callers` is what gRPC says of the call: any of its clocks, infinitely far = not set. The result
// may lie before `now`: then the call has expired already.
MonotonicTime CallDeadline(gpr_timespec callers, MonotonicTime now, const DeadlineRules& rules);

// A stream's deadline; MonotonicTime::max() where its caller set none.
MonotonicTime StreamDeadline(gpr_timespec callers);

// When an operation of a stream must be answered: `timeout_ms` (0 = the default) after its message
// arrived, and not after the stream's own deadline.
MonotonicTime OperationDeadline(uint32_t timeout_ms, MonotonicTime arrived, MonotonicTime streams,
                                const DeadlineRules& rules);

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_DEADLINE_H_
