// The gRPC channels to the Kache servers, one for each address, and the choice among them.
//
// An address is resolved by DNS and may stand for many addresses, which share its calls in turn
// (round_robin). Every address is asked by the gRPC health protocol whether "kache.v1.Kache" is
// SERVING (a Watch stream that gRPC keeps open); those that are not get no calls. So a channel is
// READY exactly while a server behind it says that it can serve keys. Lost connections are made
// again, with back-off.
//
// Thread-safe. Owns a thread, which waits for the channels' states to change.
#ifndef KACHE_CLIENT_SERVER_SET_H_
#define KACHE_CLIENT_SERVER_SET_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/transport_observer.h"
#include "grpcpp/channel.h"
#include "kache/v1/kache.grpc.pb.h"
#include "security/channel/channel_security.h"

namespace kache {

class ServerSet {
 public:
  // host:port each; at least one. `observer` outlives it. Connects in the background.
  ServerSet(const std::vector<std::string>& addresses, const ChannelSecurity& security,
            TransportObserver& observer);
  ~ServerSet();

  size_t size() const { return servers_.size(); }
  v1::Kache::Stub& stub(size_t i) const { return *servers_[i].stub; }
  // To the same addresses, whether they say that they can serve keys or not: for GetStatus and
  // Locate.
  v1::Kache::Stub& status_stub(size_t i) const { return *servers_[i].status_stub; }

  // The servers take turns; one that is not ready is passed over as long as another one is.
  // `except` is passed over where there is any other.
  size_t Pick(std::optional<size_t> except);

  // Whether server `i` is connected, and says that it can serve keys.
  bool IsReady(size_t i) const;
  bool AnyReady(std::optional<size_t> except = std::nullopt) const;

 private:
  struct Server {
    std::string address;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Kache::Stub> stub;
    std::unique_ptr<v1::Kache::Stub> status_stub;
  };

  // Keeps the channels connecting, and tells the observer of changes.
  void Watch();
  void SetReady(size_t server, bool ready);

  std::vector<Server> servers_;
  TransportObserver& observer_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<bool> ready_;  // watcher_'s own
  std::thread watcher_;
};

}  // namespace kache

#endif  // KACHE_CLIENT_SERVER_SET_H_
