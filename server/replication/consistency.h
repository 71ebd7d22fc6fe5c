// How many home replicas must take part in an operation before it is answered.
#ifndef KACHE_SERVER_REPLICATION_CONSISTENCY_H_
#define KACHE_SERVER_REPLICATION_CONSISTENCY_H_

#include <cstddef>
#include <cstdint>

#include "server/replication/version.h"

namespace kache {

enum class Consistency : uint8_t {
  kOne,     // the key's first home replica that is UP; after an error or a delay, any other
  kQuorum,  // a majority of the home replicas, whatever their health
  kAll,     // all home replicas
};

// Of `homes` home replicas; at least 1. A stand-in counts at ONE only.
constexpr uint32_t RequiredReplicas(Consistency consistency, size_t homes) {
  switch (consistency) {
    case Consistency::kOne:
      return 1;
    case Consistency::kQuorum:
      return static_cast<uint32_t>(homes / 2 + 1);
    case Consistency::kAll:
      return static_cast<uint32_t>(homes);
  }
  return 1;
}

struct ReadOptions {
  Consistency consistency = Consistency::kOne;
  // Nothing older than this is answered. Zero = no such demand.
  Version min_version;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_CONSISTENCY_H_
