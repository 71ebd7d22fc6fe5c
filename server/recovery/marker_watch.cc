#include "server/recovery/marker_watch.h"

namespace kache {

bool MarkerWatch::WasEvicted(const Inspection& inspection) const {
  return seen_ && inspection.run_id == seen_->marker.run_id &&
         inspection.emptied == seen_->emptied && inspection.evicted_keys > seen_->evicted_keys;
}

void MarkerWatch::OnInspection(Inspection& inspection) {
  if (!inspection.has_marker) {
    if (!WasEvicted(inspection)) return seen_.reset();
    inspection.has_marker = inspection.marker_evicted = true;
    inspection.marker = seen_->marker;
    inspection.marker_text = seen_->text;
  } else if (inspection.marker && inspection.marker->run_id == inspection.run_id) {
    seen_ = Seen{*inspection.marker, inspection.marker_text, inspection.evicted_keys,
                 inspection.emptied};
  } else {
    seen_.reset();
  }
}

}  // namespace kache
