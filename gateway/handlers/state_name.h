// The state of a Redis server as REST writes it.
#ifndef KACHE_GATEWAY_HANDLERS_STATE_NAME_H_
#define KACHE_GATEWAY_HANDLERS_STATE_NAME_H_

#include <string_view>

#include "kache/v1/kache.pb.h"

namespace kache::gateway {

inline std::string_view StateName(v1::NodeState state) {
  switch (state) {
    case v1::NODE_STATE_UP:
      return "UP";
    case v1::NODE_STATE_SYNCING:
      return "SYNCING";
    case v1::NODE_STATE_DOWN:
      return "DOWN";
    default:
      return "UNKNOWN";
  }
}

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_STATE_NAME_H_
