// Counts the calls that gRPC holds on each connection. A call counts from its first HEADERS frame
// until gRPC frees its memory: also while its request has not come, and after the client reset it.
// gRPC's memory quota does not count calls, and its MAX_CONCURRENT_STREAMS does not count a call
// that was reset. Its channelz counters, which gRPC keeps anyway, count both.
//
//   CallCensus census(LatestGrpcServer());
//   if (census.AtMost() > max) CloseConnections(ConnectionsToClose(census.Count(), max));
//
// Thread-compatible; reads counters that other threads change.
#ifndef KACHE_SERVER_API_CALL_CENSUS_H_
#define KACHE_SERVER_API_CALL_CENSUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/connection_calls.h"

namespace kache {

// The id that channelz gave to the gRPC server that was built last in this process; 0 = none.
intptr_t LatestGrpcServer();

// What channelz says of one server. Public for tests.
struct ServerCallCounts {
  int64_t started = 0;
  int64_t ended = 0;  // not all of them: a call that the server never took does not count
};
ServerCallCounts ParseServerCalls(std::string_view json);

// What channelz says of one connection; nullopt where it has no address. Public for tests.
std::optional<ConnectionCalls> ParseConnectionCalls(std::string_view json);

// The ids in one page of connections. Public for tests.
std::vector<intptr_t> ParseSocketIds(std::string_view json);

class CallCensus {
 public:
  explicit CallCensus(intptr_t server) : server_(server) {}

  // No fewer calls than there are. Takes some 10 us.
  int64_t AtMost() const;
  // The calls of each connection, also where it has none. Takes some 10 us for each connection.
  std::vector<ConnectionCalls> Count();

 private:
  ServerCallCounts ServerCalls() const;

  intptr_t server_;  // an id of channelz
  // Of the last Count: its result, and the server's counters then.
  int64_t counted_ = 0;
  ServerCallCounts then_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_CENSUS_H_
