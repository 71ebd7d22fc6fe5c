// Tells which coordinators live, by their heartbeats on one node: whoever's heartbeat has not
// changed for so long, by this coordinator's monotonic clock, that several must have been left out,
// has ended or stands still. So a node's clock that is set back keeps nobody alive, and one that is
// set forward ends nobody. Only what is found at first sight is dated by the node's clock: a
// heartbeat that is old then needs no longer than its own interval to prove that nobody renews it.
//
// Pure: fed with the time. Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_HEARTBEAT_WATCH_H_
#define KACHE_SERVER_RECOVERY_HEARTBEAT_WATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/bookkeeping/inspection.h"

namespace kache {

class HeartbeatWatch {
 public:
  // Sets Heartbeat::lives of all that the inspection found. `now`: when it was answered.
  void OnInspection(Inspection& inspection, MonotonicTime now);

 private:
  struct Seen {
    std::string run_id;  // of the node's process
    int64_t at_ms = 0;   // the heartbeat's
    MonotonicTime since;
    bool was_old = false;  // at first sight
  };
  std::map<uint64_t, Seen> seen_;  // by coordinator
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_HEARTBEAT_WATCH_H_
