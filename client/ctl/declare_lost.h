// `kachectl coordinator declare-lost`: whether a coordinator may be declared lost, by what the
// nodes show of it, and what is told of that. Pure; coordinator_commands.cc does it.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_DECLARE_LOST_H_
#define KACHE_CLIENT_CTL_DECLARE_LOST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/ctl/coordinator_cut.h"

namespace kache::ctl {

struct CutNode {
  std::string name;
  absl::Status reached;      // of looking, and of each later step
  CoordinatorTraces traces;  // as they were before anything was done
  bool is_cut_off = false;   // this command did it
};

struct CutPlan {
  uint64_t coordinator = 0;
  size_t homes = 1;            // home replicas of each key
  std::vector<CutNode> nodes;  // all of the ring
};

// NOT_FOUND: no node that answers knows the coordinator.
// FAILED_PRECONDITION: so many nodes are out of reach that they may be a majority of some key's
// home replicas. What the coordinator still writes there alone could be acknowledged at QUORUM.
absl::Status MayBeDeclaredLost(const CutPlan& plan);

// What would be done, or, with `done`, was done.
std::string CutText(const CutPlan& plan, bool done, bool colour);
std::string CutJson(const CutPlan& plan, bool done);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_DECLARE_LOST_H_
