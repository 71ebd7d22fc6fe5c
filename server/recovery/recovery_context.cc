#include "server/recovery/recovery_context.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "base/strings.h"

namespace kache {

std::string RecoveryContext::DescribeRing() const {
  std::vector<std::string> names = ring->names();
  std::sort(names.begin(), names.end());
  return Concat("servers ", absl::StrJoin(names, ", "), "; ", ring->vnodes_per_node(),
                " virtual nodes each; replication factor ", config.replication_factor);
}

}  // namespace kache
