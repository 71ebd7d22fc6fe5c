// How many calls the connections of a server hold, and which connections it closes when these are
// too many. Pure. Thread-safe.
#ifndef KACHE_SERVER_API_CONNECTION_CALLS_H_
#define KACHE_SERVER_API_CONNECTION_CALLS_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kache {

struct ConnectionCalls {
  std::string peer;  // see PeerBytes (connection_book.h)
  int64_t calls = 0;
  int64_t started = 0;     // calls since it began
  int64_t messages = 0;    // that were handed over since it began
  bool is_ending = false;  // it was closed, or has ended; gRPC is still freeing its calls
  int64_t unread = 0;      // bytes that have come and that gRPC has not read yet
};

// The peers of the connections to close so that at most `max` calls are left. The address that
// holds most calls loses its connection with most calls, then again the address that then holds
// most. So a client with few calls keeps its connection, however many an attacker holds.
//
// Calls of connections that are ending already take room, but at most half of `max`: what an
// attacker leaves behind never costs all other clients their connections. gRPC may read all that
// has come before it frees anything. So an address that has left more than that behind also loses
// the connections that have much to be read.
//
// Takes O(n log n) for n connections.
std::vector<std::string> ConnectionsToClose(std::span<const ConnectionCalls> connections,
                                            int64_t max);

// Whether a connection has had no call for so long that it may go. Its client makes another one
// when it needs one. (gRPC's own MAX_CONNECTION_IDLE costs each call two hundredths of its time.)
class IdleWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kPatience{5};

  explicit IdleWatch(Clock::time_point now) : idle_since_(now) {}
  // What the connection has had by `now`.
  bool IsIdle(int64_t started, int64_t calls, Clock::time_point now) {
    if (started != started_ || calls > 0) idle_since_ = now;
    started_ = started;
    return now - idle_since_ >= kPatience;
  }

 private:
  int64_t started_ = 0;
  Clock::time_point idle_since_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CONNECTION_CALLS_H_
