// What each gRPC connection holds of the bounds that all share, so that one connection cannot take
// all of them (base/fair_share.h).
//
// A connection is known by its place in a table of fixed size, by a hash that callers cannot
// foresee. Two connections may have one place: then they share what one of them could have, which
// matters only while one of them takes all that it can get. So there is nothing to be looked up,
// allocated or locked for an operation.
//
// Thread-safe, without a lock.
#ifndef KACHE_SERVER_API_CONNECTION_SHARES_H_
#define KACHE_SERVER_API_CONNECTION_SHARES_H_

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/redis/command.h"

namespace kache {

// Of a connection.
using ConnectionPlace = uint32_t;

// The place of the connection that `context`'s call came on: the same for all calls of a
// connection. Requires: the call has begun. Allocates nothing.
ConnectionPlace PlaceOf(const grpc::ServerContext& context);

class ConnectionShares {
 public:
  static constexpr size_t kPlaces = size_t{1} << 14;

  // What the connection held before. It holds `more` until Remove.
  int64_t Add(ConnectionPlace place, int64_t more) {
    return held_[place % kPlaces].fetch_add(more, std::memory_order_relaxed);
  }
  void Remove(ConnectionPlace place, int64_t less) {
    held_[place % kPlaces].fetch_sub(less, std::memory_order_relaxed);
  }
  int64_t Of(ConnectionPlace place) const {
    return held_[place % kPlaces].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<int64_t>, kPlaces> held_{};
};

// Of the connections of one place, as the queues of the nodes know them.
inline redis::CallerId CallerIdOf(ConnectionPlace place) {
  static_assert(redis::kNoCaller == 0);
  return place % ConnectionShares::kPlaces + 1;
}

}  // namespace kache

#endif  // KACHE_SERVER_API_CONNECTION_SHARES_H_
