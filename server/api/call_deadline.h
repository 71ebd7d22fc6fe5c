// When a call must be answered. Pure.
#ifndef KACHE_SERVER_API_CALL_DEADLINE_H_
#define KACHE_SERVER_API_CALL_DEADLINE_H_

#include <grpc/support/time.h>

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

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_DEADLINE_H_
