// Removes from a node that was away, or that was brought what another one held through a long
// absence, what was deleted meanwhile, where the tombstones are gone, too.
//
// A record goes only where it is so old that a later delete may have been forgotten by now, where
// the node did not have it before a doubt that is short, and where no other home replica holds it
// any more (unheld.h).
//
// Loop thread only.
#ifndef KACHE_SERVER_RECOVERY_PRUNE_H_
#define KACHE_SERVER_RECOVERY_PRUNE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "ring/hash_ring.h"
#include "server/recovery/copier.h"
#include "server/recovery/pace.h"
#include "server/recovery/resync_plan.h"
#include "server/recovery/scan.h"
#include "server/recovery/unheld.h"

namespace kache {

class Prune {
 public:
  // All references outlive it.
  Prune(PrunePlan plan, Copier& copier, const HashRing& ring, size_t homes, Pace& pace);

  void Pump(MonotonicTime now) { scan_.Pump(now); }
  bool finished() const { return scan_.finished(); }
  const absl::Status& status() const { return scan_.status(); }
  uint64_t removed() const { return removed_; }

 private:
  void DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
              Copier::Done done);
  // Whether the entry is to be removed if other home replicas hold nothing.
  bool IsCandidate(const PageEntry& entry) const;

  const PrunePlan plan_;
  Copier& copier_;
  Unheld unheld_;
  uint64_t removed_ = 0;
  Scan scan_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PRUNE_H_
