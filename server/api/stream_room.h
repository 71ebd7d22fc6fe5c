// How many streams of one method there may be, where the method asks for no token, so that anybody
// can open them:
//
//   * A connection has room for its first stream, always: a client that looks at the server's
//   health
//     before it sends calls, as a gateway does, is not locked out by others. Connections are
//     bounded (MAX_GRPC_CONNECTIONS).
//   * It may have `of_connection`, where there is room beside: `further` for all connections
//     together, of which a quarter is kept for callers with a token.
//
// Thread-compatible. Pure, but for what it counts.
#ifndef KACHE_SERVER_API_STREAM_ROOM_H_
#define KACHE_SERVER_API_STREAM_ROOM_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"

namespace kache {

class StreamRoom {
 public:
  struct Bounds {
    size_t of_connection;
    size_t further;

    size_t further_without_token() const { return further / 4 * 3; }
  };

  // `what`: the streams, for people, of static duration. `open` and `refused` count them, and
  // outlive this object.
  StreamRoom(const Bounds& bounds, std::string_view what, prometheus::Gauge& open,
             prometheus::Counter& refused)
      : bounds_(bounds), what_(what), open_(open), refused_(refused) {}

  // One more stream on `connection`, as its peer's address names it. OK: it counts until GiveBack.
  // RESOURCE_EXHAUSTED says what to do.
  absl::Status Take(const std::string& connection, bool has_token);
  void GiveBack(const std::string& connection);

 private:
  const Bounds bounds_;
  const std::string_view what_;
  absl::flat_hash_map<std::string, size_t> streams_;  // of each connection that has any
  size_t further_ = 0;                                // those that are not a connection's first
  prometheus::Gauge& open_;
  prometheus::Counter& refused_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_STREAM_ROOM_H_
