#include "server/recovery/ring_in_force.h"

#include <algorithm>
#include <utility>

#include "server/bookkeeping/ring_id.h"

namespace kache {

RingInForce::RingInForce(uint64_t fingerprint, size_t nodes, std::optional<RingChange> accept)
    : fingerprint_(fingerprint),
      accept_(accept && accept->to == fingerprint ? accept : std::nullopt),
      carried_ours_(nodes, false) {}

uint64_t RingInForce::id() const { return RingId(fingerprint_, generation_); }

void RingInForce::OnInspection(size_t node, const Inspection& inspection) {
  if (!inspection.marker) return;
  const std::optional<uint64_t> generation = GenerationOf(inspection.marker->ring, fingerprint_);
  if (!generation) return;
  generation_ = std::max(generation_, *generation);
  seen_marker_ = true;
  carried_ours_[node] = true;
}

bool RingInForce::Accepts(size_t node, const Inspection& inspection) const {
  return accept_ && !carried_ours_[node] && inspection.marker &&
         inspection.marker->ring == accept_->from;
}

bool RingInForce::IsForeign(size_t node, const Inspection& inspection) const {
  return inspection.marker && !GenerationOf(inspection.marker->ring, fingerprint_) &&
         !Accepts(node, inspection);
}

void RingInForce::OnAllInspected(const std::vector<std::shared_ptr<const Inspection>>& inspections,
                                 absl::Time now) {
  if (!accept_ || has_begun_) return;
  size_t reached = 0;
  size_t accepted = 0;
  for (size_t i = 0; i < inspections.size(); ++i) {
    if (!inspections[i]) continue;
    ++reached;
    accepted += Accepts(i, *inspections[i]) ? 1 : 0;
  }
  // Fewer are late-comers to a change that was made before.
  if (accepted == 0 || 2 * accepted < reached) return;
  has_begun_ = true;
  generation_ = std::max(generation_ + 1, static_cast<uint64_t>(absl::ToUnixSeconds(now)));
}

}  // namespace kache
