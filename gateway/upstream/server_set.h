// The channels to the Kache servers, one for each entry of KACHE_SERVERS, and the choice among
// them.
//
// Each entry is resolved by DNS and may stand for many addresses, which share its calls in turn
// (round_robin). Every address is asked by the gRPC health protocol whether "kache.v1.Kache" is
// SERVING (a Watch stream that gRPC keeps open); those that are not get no calls. So a channel is
// READY exactly while a server behind it says that it can serve keys.
//
// Thread-safe.
#ifndef KACHE_GATEWAY_UPSTREAM_SERVER_SET_H_
#define KACHE_GATEWAY_UPSTREAM_SERVER_SET_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/upstream/upstream_metrics.h"
#include "grpcpp/channel.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache::gateway {

class ServerSet {
 public:
  struct Server {
    std::string name;  // as configured
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Kache::Stub> stub;
    // To the same addresses, whether they say that they can serve keys or not: for GetStatus
    // and Locate.
    std::unique_ptr<v1::Kache::Stub> status_stub;
  };

  // `metrics` outlives it. Connects in the background.
  ServerSet(const std::vector<std::string>& addresses, UpstreamMetrics* metrics);
  ~ServerSet();

  // The servers take turns; one that is not reachable or not serving is passed over as long as
  // another is there.
  const Server& Next();

  bool AnyReady() const;

  // In the order of KACHE_SERVERS.
  const std::vector<Server>& all() const { return servers_; }
  static bool IsReady(const Server& server);

 private:
  // Keeps the channels connecting, tells the log of changes, sets the gauge.
  void Watch();
  void SetReady(size_t server, bool ready);

  std::vector<Server> servers_;
  UpstreamMetrics* const metrics_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<bool> ready_;  // watcher_'s own
  std::thread watcher_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_SERVER_SET_H_
