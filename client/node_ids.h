// The ids by which messages call nodes (Node.node_id in kache.proto), as a status tells them. Pure.
#ifndef KACHE_CLIENT_NODE_IDS_H_
#define KACHE_CLIENT_NODE_IDS_H_

#include <algorithm>

#include "kache/v1/kache.pb.h"

namespace kache {

// False for the status of a server of an earlier release, which gives nodes no ids: all seem to be
// 0.
inline bool TellsNodeIds(const v1::GetStatusResponse& status) {
  return status.nodes_size() < 2 ||
         std::any_of(status.nodes().begin(), status.nodes().end(),
                     [](const v1::Node& node) { return node.node_id() != 0; });
}

}  // namespace kache

#endif  // KACHE_CLIENT_NODE_IDS_H_
