// Which node is swept next, and how fast. Pure.
#ifndef KACHE_SERVER_RECOVERY_SWEEP_SCHEDULE_H_
#define KACHE_SERVER_RECOVERY_SWEEP_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "ring/node_id.h"

namespace kache {

struct SweepCandidate {
  NodeId node;
  int64_t now_ms = 0;    // by the node's clock
  int64_t swept_ms = 0;  // when it was swept last; 0 = not known
  int64_t due_ms = 0;    // since when somebody wants it swept; 0 = nobody does
  int64_t lead_ms = 0;   // how early it begins: as it takes some time until all nodes are through
};

// The candidate that was to be swept first, of those that are due: so that its sweep ends within
// `interval` of the one before, and whenever somebody wants it. So every node gets its turn,
// however many there are.
std::optional<NodeId> NextSweep(const std::vector<SweepCandidate>& candidates,
                                absl::Duration interval);

// How many keys a second a sweep of a node goes through, at least `least` and at most `most`: so
// many that all `nodes`, by `coordinators` that do one each at a time, are through in half the
// interval.
struct SweepLoad {
  uint64_t keys = 0;  // of the node
  size_t nodes = 1;
  size_t coordinators = 1;
};
double SweepRate(const SweepLoad& load, absl::Duration interval, double least, double most);

// How long it takes at that rate until all nodes are through, if they all hold as much.
absl::Duration SweepTime(const SweepLoad& load, double rate);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_SWEEP_SCHEDULE_H_
