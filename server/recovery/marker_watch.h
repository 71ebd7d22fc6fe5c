// Tells a marker that Redis evicted from one that went with the node's memory.
//
// Redis evicts single keys, and Kache's bookkeeping may be among them: that is no loss of memory. A
// missing marker was evicted where, since the inspection that saw it last,
//
//  * the process is the same,
//  * it evicted keys,
//  * it was given no command that may drop or exchange all data at once (Inspection::emptied).
//
// Both counts only rise in a process. CONFIG RESETSTAT sets them back: a marker that is missing
// then counts as lost.
//
// Pure; thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_MARKER_WATCH_H_
#define KACHE_SERVER_RECOVERY_MARKER_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/bookkeeping/inspection.h"

namespace kache {

class MarkerWatch {
 public:
  // Each inspection of one node, in order. One whose marker was evicted gets the marker that stood
  // before, and Inspection::marker_evicted.
  void OnInspection(Inspection& inspection);

 private:
  bool WasEvicted(const Inspection& inspection) const;

  struct Seen {
    Marker marker;
    std::string text;
    uint64_t evicted_keys = 0;
    uint64_t emptied = 0;
  };
  std::optional<Seen> seen_;  // by the last inspection that found the marker of its process
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_MARKER_WATCH_H_
