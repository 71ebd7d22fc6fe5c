#include "server/replication/stamp.h"

#include <algorithm>

namespace kache {
namespace {

// How far above the version that it names a stamp may be, in the units of a timestamp: enough for
// the writes of one client that outbid each other, and no step in time (1 ms).
constexpr uint64_t kJustAbove = uint64_t{1} << 16;

// How long before max_write_age is over a stamp is too old, at most (stamp.h says why).
constexpr absl::Duration kMargin = absl::Seconds(10);

}  // namespace

StampVerdict JudgeStamp(const Stamp& stamp, absl::Time now, absl::Duration max_write_age,
                        absl::Duration max_skew) {
  const int64_t now_ms = absl::ToUnixMillis(now);
  const absl::Duration margin = std::min(kMargin, max_write_age / 4);
  const int64_t oldest_ms = now_ms - absl::ToInt64Milliseconds(max_write_age - margin);
  const int64_t newest_ms = now_ms + absl::ToInt64Milliseconds(max_skew);
  const int64_t stamp_ms = MillisOf(stamp.timestamp);
  // A life that began so long ago, or begins so late, is no life of a write that is made now.
  if (stamp_ms < oldest_ms || stamp.MadeAtMs() < oldest_ms) return StampVerdict::kTooOld;
  if (stamp_ms <= newest_ms) {
    return stamp.MadeAtMs() <= newest_ms ? StampVerdict::kFits : StampVerdict::kTooFarAhead;
  }
  // Then the milliseconds of the stamp are no instant, and the caller names one.
  const bool just_above = stamp.timestamp > stamp.above.timestamp &&
                          stamp.timestamp - stamp.above.timestamp <= kJustAbove;
  return just_above && stamp.MadeAtMs() <= newest_ms ? StampVerdict::kAskFirst
                                                     : StampVerdict::kTooFarAhead;
}

}  // namespace kache
