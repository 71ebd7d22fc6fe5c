// Tells which nodes are several times slower than the others, from their pings. Pure.
//
// A node's figure is the best of its newest kPings round trips, so one that was held up once is not
// slow. It is compared with the median of the other nodes: where all are slow, none is.
//
// Outliers are not read, so they are capped: never more than a third of all nodes (but one of two).
//
// Thread-compatible.
#ifndef KACHE_SERVER_CLUSTER_PACE_WATCH_H_
#define KACHE_SERVER_CLUSTER_PACE_WATCH_H_

#include <array>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "ring/node_id.h"
#include "server/cluster/topology.h"

namespace kache {

class PaceWatch {
 public:
  static constexpr size_t kPings = 3;
  static constexpr double kTimesSlower = 5;
  // A round trip below is never slow, whatever the others'.
  static constexpr absl::Duration kSlowAtLeast = absl::Milliseconds(20);

  // `outlier_at_least`: TRY_TIMEOUT_MS.
  PaceWatch(size_t nodes, absl::Duration outlier_at_least);

  void OnPing(NodeId node, absl::Duration round_trip);
  // What was measured before tells nothing any more: the node was not connected.
  void Forget(NodeId node);
  // By NodeId.
  std::vector<NodePace> Judge() const;

 private:
  struct Pings {
    std::array<absl::Duration, kPings> newest;
    size_t count = 0;
  };
  // Infinite = not known yet.
  absl::Duration Best(size_t node) const;
  absl::Duration MedianOfOthers(size_t node) const;

  const absl::Duration outlier_at_least_;
  std::vector<Pings> pings_;
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_PACE_WATCH_H_
