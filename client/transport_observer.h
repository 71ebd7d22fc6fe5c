// Who wants to know what a transport does: for metrics and logs. By default nobody does.
//
// Thread-safe; called on any thread, also under the transport's locks: it must neither block nor
// call the transport.
#ifndef KACHE_CLIENT_TRANSPORT_OBSERVER_H_
#define KACHE_CLIENT_TRANSPORT_OBSERVER_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "client/rpc.h"

namespace kache {

class TransportObserver {
 public:
  virtual ~TransportObserver() = default;

  // Once for each call, with its outcome.
  virtual void OnCallEnd(Rpc /*rpc*/, absl::StatusCode /*code*/) {}
  // A further attempt of a call; one that was not made, as too many calls fail.
  virtual void OnRetry() {}
  virtual void OnRetryRefused() {}
  // A write, or some of a batch, lost to a newer version and is sent again with another stamp.
  virtual void OnRestamped() {}
  // A server can be used, or no longer; `usable` of them can be now.
  virtual void OnServer(const std::string& /*address*/, bool /*is_usable*/, size_t /*usable*/) {}
  // Streams that take operations, all in all; whenever they were looked at.
  virtual void OnStreams(size_t /*open*/) {}
  // An open stream broke, or the server ended it.
  virtual void OnStreamEnded() {}
  // One is given up because the server is silent; its end follows.
  virtual void OnStreamFrozen() {}
  // A message of so many operations goes out on a stream.
  virtual void OnMessage(int /*operations*/) {}
};

}  // namespace kache

#endif  // KACHE_CLIENT_TRANSPORT_OBSERVER_H_
