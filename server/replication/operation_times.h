// What an operation is told of its call's time, and what it notes of its own for those who ask why
// it took long.
#ifndef KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_
#define KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_

#include <atomic>

#include "base/clock.h"
#include "server/redis/command.h"

namespace kache {

struct OperationTimes {
  MonotonicTime begun;  // taken up by its shard (CoarseMonotonic); zero = not yet
};

// The instant by which an operation must be answered; where it notes its times (nullptr = nowhere);
// what becomes true once nobody waits for its answer any more (nullptr = that is not known); and
// whose turns its commands take (redis/held_commands.h). The pointers must stay until it is
// answered.
struct OperationTiming {
  OperationTiming(MonotonicTime by, OperationTimes* noted = nullptr,  // NOLINT: an instant will do
                  const std::atomic<bool>* is_cancelled = nullptr,
                  redis::CallerId from = redis::kNoCaller)
      : deadline(by), times(noted), cancelled(is_cancelled), caller(from) {}

  MonotonicTime deadline;
  OperationTimes* times;
  const std::atomic<bool>* cancelled;
  redis::CallerId caller;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_OPERATION_TIMES_H_
