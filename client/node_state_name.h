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

// Empty where nothing is said of it.
inline std::string_view DoubtName(v1::NodeDoubt doubt) {
  switch (doubt) {
    case v1::NODE_DOUBT_NONE:
      return "NONE";
    case v1::NODE_DOUBT_BEHIND:
      return "BEHIND";
    case v1::NODE_DOUBT_AMNESIC:
      return "AMNESIC";
    default:
      return "";
  }
}

}  // namespace kache

#endif  // KACHE_CLIENT_NODE_STATE_NAME_H_
