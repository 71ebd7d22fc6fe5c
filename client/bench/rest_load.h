// The load over REST: one HTTP/1.1 connection for each slot, one request at a time on it, kept
// open. A connection that fails is made again by the slot's next request.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_REST_LOAD_H_
#define KACHE_CLIENT_BENCH_REST_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "client/bench/http_response_head.h"
#include "client/bench/slotted_load.h"

namespace kache::bench {

struct RestLoadOptions {
  HostPort gateway;
  size_t slots = 1;
  absl::Duration timeout = absl::Seconds(1);
  absl::Duration ttl;              // whole seconds; zero = for ever
  std::string authorization = {};  // the header's value; empty = none
};

struct RestSlot : LoadSlot {
  int socket = -1;
  bool running = false;
  std::string sent;  // what is still to be sent starts at `written`
  size_t written = 0;
  std::string received;
  HttpResponseHead head;
  Instant deadline;
};

class RestLoad final : public SlottedLoad<RestSlot> {
 public:
  // UNAVAILABLE when the name does not resolve.
  static absl::StatusOr<std::unique_ptr<RestLoad>> Create(const RestLoadOptions& options);
  ~RestLoad() override;

  void Start(size_t slot) override;
  bool Wait(Instant until, size_t* slot) override;

 private:
  struct Address;

  explicit RestLoad(const RestLoadOptions& options);
  void WriteRequest(RestSlot& slot) const;
  bool Connect(size_t index);
  void Disconnect(RestSlot& slot);
  // Sends what the socket takes; false on an error.
  bool Send(RestSlot& slot);
  // Reads what has come. True once the slot's request has ended.
  bool Receive(RestSlot& slot);
  bool TakeAnswer(RestSlot& slot);
  void Fail(RestSlot& slot, absl::StatusCode code, const std::string& message);
  void FailLate(Instant now);
  // Waits for the sockets, and does what they are ready for; the requests that end go to ended_.
  void Poll(Instant until);

  const RestLoadOptions options_;
  std::unique_ptr<Address> address_;
  std::string request_tail_;   // of every request's target: "?ttl=..."
  int poll_ = -1;              // epoll
  std::vector<size_t> ended_;  // not yet told by Wait
  Instant next_look_;          // for requests over their deadline
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_REST_LOAD_H_
