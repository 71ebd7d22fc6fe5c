// The gRPC channels to the Kache servers, one for each address, and the choice among them.
//
// An address is resolved by DNS and may stand for many servers, which share its calls in turn
// (round_robin). Each server is asked by the gRPC health protocol whether "kache.v1.Kache" is
// SERVING; while it is not, it gets no calls. gRPC connects, and reconnects with back-off, by
// itself.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CHANNELS_H_
#define KACHE_CLIENT_CHANNELS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {

class Channels {
 public:
  // host:port each; at least one. Starts to connect.
  explicit Channels(const std::vector<std::string>& addresses);

  size_t size() const { return servers_.size(); }
  v1::Kache::Stub& stub(size_t i) const { return *servers_[i].stub; }

  // The servers take turns; one that is not connected, or not serving, is passed over as long as
  // another one is. `except` is passed over where there is any other.
  size_t Pick(std::optional<size_t> except = std::nullopt);

  // Whether server `i` is connected, and says that it can serve keys.
  bool IsReady(size_t i) const;

 private:
  struct Server {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Kache::Stub> stub;
  };
  std::vector<Server> servers_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace kache

#endif  // KACHE_CLIENT_CHANNELS_H_
