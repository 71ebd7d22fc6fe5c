// Judges a ring: how evenly it shares the load, and how much moves when it changes. Exact: computed
// from the arcs between virtual nodes, no sampling.
//
//   HashRing ring({"a", "b", "c", "d"}, 100);
//   std::cout << RenderLoad(ring, MeasureLoad(ring, 3));
//
// A *copy* is one key on one of its first `copies` servers; copies = 1 looks at the first owner
// alone. All figures are parts of a whole, 0 to 1, unless they say otherwise.
//
// Pure, so thread-safe. O(v) walks of the ring for v virtual nodes in all: not for the data path.
#ifndef KACHE_RING_RING_REPORT_H_
#define KACHE_RING_RING_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "ring/hash_ring.h"

namespace kache {

struct LoadReport {
  // For each NodeId the part of all copies that it holds; they add up to 1.
  std::vector<double> shares;
  // What each would hold in a perfectly even ring: 1 / nodes.
  double ideal = 0;
  // The least and most loaded node and the standard deviation over all nodes, divided by `ideal`:
  // 1, 1 and 0 in a perfectly even ring.
  double min = 0;
  double max = 0;
  double stddev = 0;
};

// Requires: at least one node; copies >= 1.
LoadReport MeasureLoad(const HashRing& ring, size_t copies);

// One line for each node and one for the whole.
std::string RenderLoad(const HashRing& ring, const LoadReport& report);

// The part of all keys whose first `copies` servers are all among `nodes`, given by NodeId: what is
// gone when these lose their memory together.
double ShareHeldOnlyBy(const HashRing& ring, size_t copies, const std::vector<bool>& nodes);

struct MoveReport {
  // Keys whose first owner is another server than before.
  double first_owners = 0;
  // Keys whose list of the first `copies` servers differs, in members or in order.
  double lists = 0;
  // Copies that stand on a server which did not hold them before: what must be copied over.
  double copies = 0;
};

// From `before` to `after`, whose servers are matched by name. Requires: as MeasureLoad.
MoveReport MeasureMove(const HashRing& before, const HashRing& after, size_t copies);

std::string RenderMove(const MoveReport& report);

}  // namespace kache

#endif  // KACHE_RING_RING_REPORT_H_
