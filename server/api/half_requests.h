// Requests that have come in part, and which connections a server closes over them.
//
// gRPC keeps a message until it is complete, and lets a client send all of one that it has begun.
// So clients that begin requests and send no more can fill gRPC's memory quota for as long as they
// like. gRPC then takes memory back with each further byte: first by ending connections that have
// no call just now, so those of clients that did nothing wrong.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_API_HALF_REQUESTS_H_
#define KACHE_SERVER_API_HALF_REQUESTS_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace kache {

// What one connection has sent since gRPC handed over its last message: parts of requests, and
// what frames them.
class HalfRequest {
 public:
  using Clock = std::chrono::steady_clock;

  // What the connection has had by `now`: bytes that were read of it, messages that were handed
  // over, calls that have not ended. The part of a request that came after another one, since the
  // last time, does not show.
  void Update(uint64_t read_bytes, int64_t messages, int64_t calls, Clock::time_point now) {
    if (messages != messages_ || calls == 0) {  // what came before is over, as far as can be told
      messages_ = messages;
      began_at_ = read_bytes;
    }
    if (read_bytes_ <= began_at_) began_ = now;
    read_bytes_ = read_bytes;
  }
  uint64_t bytes() const { return read_bytes_ - began_at_; }
  // Since when they have been coming.
  Clock::time_point began() const { return began_; }

 private:
  int64_t messages_ = 0;
  uint64_t began_at_ = 0;
  uint64_t read_bytes_ = 0;
  Clock::time_point began_;
};

struct ConnectionWithHalfRequest {
  int fd = -1;
  uint64_t bytes = 0;
  HalfRequest::Clock::duration age{};
};

// One that is younger may be on its way.
inline constexpr std::chrono::milliseconds kHalfRequestAge{25};
// One that is smaller is not worth a connection.
inline constexpr uint64_t kHalfRequestBytes = 16 << 10;

// The connections to close so that half requests take at most half of `max` bytes, once they take
// more than three quarters: those with most bytes.
std::vector<int> HalfRequestsToClose(std::span<const ConnectionWithHalfRequest> connections,
                                     uint64_t max);

}  // namespace kache

#endif  // KACHE_SERVER_API_HALF_REQUESTS_H_
