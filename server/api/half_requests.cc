#include "server/api/half_requests.h"

#include <algorithm>
#include <functional>

namespace kache {

std::vector<int> HalfRequestsToClose(std::span<const ConnectionWithHalfRequest> connections,
                                     uint64_t max) {
  uint64_t held = 0;
  std::vector<ConnectionWithHalfRequest> may_go;
  for (const ConnectionWithHalfRequest& each : connections) {
    held += each.bytes;
    if (each.bytes >= kHalfRequestBytes && each.age >= kHalfRequestAge) may_go.push_back(each);
  }
  if (held <= max / 4 * 3) return {};
  std::ranges::sort(may_go, std::ranges::greater(), &ConnectionWithHalfRequest::bytes);
  std::vector<int> fds;
  for (const ConnectionWithHalfRequest& each : may_go) {
    if (held <= max / 2) break;
    held -= each.bytes;
    fds.push_back(each.fd);
  }
  return fds;
}

}  // namespace kache
