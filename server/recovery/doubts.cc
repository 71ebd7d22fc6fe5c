#include "server/recovery/doubts.h"

namespace kache {

void Doubts::OnFenced(MissCount missed, const Marker& marker) {
  Notice(marker);
  if (missed <= fenced_) return;
  fenced_ = missed;
  fence_ = marker.fence;
  fence_run_id_ = marker.run_id;
}

bool Doubts::OnInspection(const Inspection& inspection, uint64_t ring) {
  if (!inspection.marker) return false;
  const Marker& marker = *inspection.marker;
  Notice(marker);
  if (resolved_ >= fenced_ || !marker.whole) return false;
  if (marker.ring != ring || marker.run_id != inspection.run_id) return false;
  if (marker.run_id == fence_run_id_ && marker.fence < fence_) return false;
  resolved_ = fenced_;
  return true;
}

void Doubts::Notice(const Marker& marker) {
  highest_ = std::max(highest_, marker.fence);
  has_lost_fence_ = marker.run_id == seen_run_id_ && marker.fence < seen_;
  if (!has_lost_fence_) seen_ = marker.fence;
  seen_run_id_ = marker.run_id;
}

void Doubts::OnDrained(const std::string& run_id, FenceNumber fence, MissCount missed) {
  drained_run_id_ = run_id;
  drained_ = fence;
  drained_misses_ = missed;
}

}  // namespace kache
