#include "server/recovery/heartbeat_watch.h"

#include "absl/time/time.h"

namespace kache {
namespace {

// Beyond its interval, for what a heartbeat may be late.
constexpr absl::Duration kGrace = absl::Seconds(1);

}  // namespace

void HeartbeatWatch::OnInspection(Inspection& inspection, MonotonicTime now) {
  std::map<uint64_t, Seen> seen;
  for (Heartbeat& heartbeat : inspection.heartbeats) {
    const auto before = seen_.find(heartbeat.coordinator);
    Seen& it = seen[heartbeat.coordinator];
    if (before != seen_.end() && before->second.run_id == inspection.run_id &&
        before->second.at_ms == heartbeat.at_ms) {
      it = before->second;
    } else {
      const absl::Duration age = absl::Milliseconds(inspection.now_ms - heartbeat.at_ms);
      const bool first = before == seen_.end() || before->second.run_id != inspection.run_id;
      it = {inspection.run_id, heartbeat.at_ms, now,
            first && age > HeartbeatLimit(heartbeat.interval)};
    }
    const absl::Duration unchanged = absl::FromChrono(now - it.since);
    heartbeat.lives = unchanged <= (it.was_old ? heartbeat.interval + kGrace
                                               : HeartbeatLimit(heartbeat.interval));
  }
  seen_ = std::move(seen);
}

}  // namespace kache
