// Removes from a node those of its records that no other home replica holds any more, though one of
// them has had it: such a record was deleted, or replaced by something that has ended since, or
// that Redis evicted.
//
// A record goes only by compare-and-delete, and only when all of this holds:
//   * all other home replicas of its key can be asked, and none holds anything for it whose word
//     counts: copies that nodes kept through long absences of their own prove nothing;
//   * one of them at least has had it (NodeWord), and holds nothing, in the memory in which it had
//     it.
// Whether the record may be so old that this means anything is the caller's to know.
//
// Loop thread only.
#ifndef KACHE_SERVER_RECOVERY_UNHELD_H_
#define KACHE_SERVER_RECOVERY_UNHELD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ring/hash_ring.h"
#include "server/recovery/copier.h"
#include "server/recovery/page_entry.h"
#include "server/recovery/resync_plan.h"

namespace kache {

class Unheld {
 public:
  // All references outlive it.
  Unheld(const PrunePlan& plan, Copier& copier, const HashRing& ring, size_t homes)
      : plan_(plan), copier_(copier), ring_(ring), homes_(homes) {}

  // Whether the entry is to be removed if other home replicas hold nothing.
  bool MayBeRemoved(const PageEntry& entry) const;

  // Asks the other home replicas, and removes what none of them holds. Requires: each entry may be
  // removed, and was read at `read_at` or later. `done`: how many went; once, unless the copier is
  // gone.
  using Done = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;
  void Remove(std::vector<PageEntry> entries, absl::Time read_at, Done done);

 private:
  struct Question;

  PreferenceList HomesOf(const PageEntry& entry) const;
  void Answer(Question& question);

  const PrunePlan& plan_;
  Copier& copier_;
  const HashRing& ring_;
  const size_t homes_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_UNHELD_H_
