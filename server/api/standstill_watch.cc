#include "server/api/standstill_watch.h"

namespace kache {

void StandstillWatch::Tick(MonotonicTime now) {
  if (now - ticked_at_ >= kStandstill) {
    stood_since_ = ticked_at_;
    read_up_at_ = now + kReadUp;
  }
  ticked_at_ = now;
}

MonotonicTime::duration StandstillWatch::UnreadFor(MonotonicTime now) const {
  // The call may be read before the tick that is late.
  if (now - ticked_at_ >= kStandstill) return now - ticked_at_;
  return now < read_up_at_ ? now - stood_since_ : MonotonicTime::duration::zero();
}

}  // namespace kache
