// The ring that this coordinator works by, in the generation that is in force: the highest that was
// seen on any node. A coordinator that is told to take over the data of another ring (ACCEPT_RING)
// begins a generation of its own, above all that may come back: no node that carries an earlier one
// is whole then.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_RING_IN_FORCE_H_
#define KACHE_SERVER_RECOVERY_RING_IN_FORCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "ring/ring_change.h"
#include "server/bookkeeping/inspection.h"

namespace kache {

class RingInForce {
 public:
  RingInForce(uint64_t fingerprint, size_t nodes, std::optional<RingChange> accept);

  uint64_t id() const;
  // Whether any node carried a marker of this ring since the process began.
  bool seen_marker() const { return seen_marker_; }

  void OnInspection(size_t node, const Inspection& inspection);
  // Whether the marker that the node carries may be overwritten, though it is another ring's.
  bool Accepts(size_t node, const Inspection& inspection) const;
  // Whether the node carries another ring's marker, which may not be overwritten.
  bool IsForeign(size_t node, const Inspection& inspection) const;
  // Once all nodes were tried. Null = not reached.
  void OnAllInspected(const std::vector<std::shared_ptr<const Inspection>>& inspections,
                      absl::Time now);

 private:
  const uint64_t fingerprint_;
  const std::optional<RingChange> accept_;  // only where it leads to this ring
  uint64_t generation_ = 0;
  bool seen_marker_ = false;
  bool has_begun_ = false;          // a generation of its own
  std::vector<bool> carried_ours_;  // by node: since the process began
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RING_IN_FORCE_H_
