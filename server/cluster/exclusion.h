// The reasons of nodes that are not ours to write to: not even a note may be left there, as others
// would take it for one about their own nodes, which may have the same names.
#ifndef KACHE_SERVER_CLUSTER_EXCLUSION_H_
#define KACHE_SERVER_CLUSTER_EXCLUSION_H_

#include <string_view>

namespace kache {

inline constexpr char kRingMismatch[] = "ring_mismatch";
inline constexpr char kForeignCluster[] = "foreign_cluster";

constexpr bool IsReasonOfOthersNode(std::string_view reason) {
  return reason == kRingMismatch || reason == kForeignCluster;
}

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_EXCLUSION_H_
