// The gRPC channels to the Kache servers, one for each address, and the choice among them.
//
// An address is resolved by DNS and may stand for many addresses, which share its calls in turn
// (round_robin). Every address is asked by the gRPC health protocol whether "kache.v1.Kache" is
// SERVING (a Watch stream that gRPC keeps open); those that are not get no calls. So a channel is
// READY exactly while a server behind it says that it can serve keys. Lost connections are made
// again, with back-off.
//
// Thread-safe.
#ifndef KACHE_CLIENT_SERVER_SET_H_
#define KACHE_CLIENT_SERVER_SET_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/client_queue.h"
#include "client/transport_observer.h"
#include "grpcpp/channel.h"
#include "kache/v1/kache.grpc.pb.h"
#include "security/channel/channel_security.h"

namespace kache {

class ServerSet {
 public:
  // host:port each; at least one. `max_received_bytes`: what gRPC holds of what all channels
  // receive. `queue` and `observer` outlive it. Connects in the background.
  ServerSet(const std::vector<std::string>& addresses, const ChannelSecurity& security,
            size_t max_received_bytes, ClientQueue& queue, TransportObserver& observer);
  ~ServerSet() { Stop(); }

  // Returns when the channels' states are watched no more, after 0.1 s at most. Not on the queue's
  // thread.
  void Stop();

  size_t size() const { return servers_.size(); }
  v1::Kache::Stub& stub(size_t i) const { return *servers_[i].stub; }
  // To the same addresses, whether they say that they can serve keys or not: for GetStatus and
  // Locate.
  v1::Kache::Stub& status_stub(size_t i) const { return *servers_[i].status_stub; }

  // The servers take turns; one that is not ready is passed over as long as another one is, and so
  // is one that does not answer. `except` is passed over where there is any other.
  size_t Pick(std::optional<size_t> except);

  // Whether every lane has an open stream to server `i`. One that stands still stays connected, and
  // looks ready; but it loses its streams, one by one.
  void NoteAnswering(size_t i, bool answering) {
    answering_[i].store(answering, std::memory_order_relaxed);
  }

  // Whether server `i` is connected, and says that it can serve keys.
  bool IsReady(size_t i) const;
  bool AnyReady(std::optional<size_t> except = std::nullopt) const;

 private:
  class Watch final : public ClientTag {
   public:
    Watch(ServerSet& set, size_t server) : set_(set), server_(server) {}
    void OnEvent(bool) override { set_.OnWatched(server_); }

   private:
    ServerSet& set_;
    const size_t server_;
  };
  struct Server {
    std::string address;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<v1::Kache::Stub> stub;
    std::unique_ptr<v1::Kache::Stub> status_stub;
    std::unique_ptr<Watch> watch;
  };

  // OnWatched follows once the channel's state is another, or after a while.
  void WaitForChange(size_t server, grpc_connectivity_state state);
  // Keeps the channel connecting, and tells the observer of changes. On the queue's thread.
  void OnWatched(size_t server);
  void SetReady(size_t server, bool ready);

  std::vector<Server> servers_;
  TransportObserver& observer_;
  std::atomic<size_t> next_ = 0;
  std::vector<std::atomic<bool>> answering_;  // by server; all false where there are no streams
  ClientQueue& queue_;
  std::vector<bool> ready_;  // the queue's thread's own
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // both under the lock
  size_t watches_ = 0;
};

}  // namespace kache

#endif  // KACHE_CLIENT_SERVER_SET_H_
