// The state of a Redis server, as REST and kachectl write it.
#ifndef KACHE_CLIENT_NODE_STATE_NAME_H_
#define KACHE_CLIENT_NODE_STATE_NAME_H_

#include <string_view>

#include "kache/v1/kache.pb.h"

namespace kache {

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

}  // namespace kache

#endif  // KACHE_CLIENT_NODE_STATE_NAME_H_
