// When an operation got how far, for those who ask why it took long.
#ifndef KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_
#define KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_

#include "base/clock.h"

namespace kache {

struct OperationTimes {
  MonotonicTime begun;  // taken up by its shard (CoarseMonotonic); zero = not yet
};

// The instant by which an operation must be answered, and where it notes its times (nullptr =
// nowhere), which must stay until it is.
struct OperationTiming {
  OperationTiming(MonotonicTime by, OperationTimes* noted = nullptr)  // NOLINT: an instant will do
      : deadline(by), times(noted) {}

  MonotonicTime deadline;
  OperationTimes* times;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_
