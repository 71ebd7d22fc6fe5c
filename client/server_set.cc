#include "client/server_set.h"

#include <algorithm>
#include <chrono>

#include "client/channel.h"
#include "grpcpp/resource_quota.h"

namespace kache {
namespace {

// Bounds how long Stop waits.
constexpr auto kWatchInterval = std::chrono::milliseconds(100);

// What a stream may receive before it is asked for; a message on the way may be larger. By itself
// gRPC lets this grow with what comes, up to tens of mebibytes; then two streams alone fill the
// bytes that all may hold, and gRPC ends every stream, the one for the health among them.
constexpr int kStreamWindowBytes = 1 << 20;

constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": "kache.v1.Kache"}
})";

grpc::ChannelArguments ArgumentsForChannel(bool only_healthy, const grpc::ResourceQuota& quota) {
  grpc::ChannelArguments arguments;
  arguments.SetResourceQuota(quota);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetInt(GRPC_ARG_INHIBIT_HEALTH_CHECKING, only_healthy ? 0 : 1);
  // The attempts of a call are counted here, not hidden inside gRPC.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // connections of this set alone
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // A connection that went dead without a word is noticed after 15 s, while it carries calls.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  return arguments;
}

}  // namespace

ServerSet::ServerSet(const std::vector<std::string>& addresses, const ChannelSecurity& security,
                     size_t max_received_bytes, ClientQueue& queue, TransportObserver& observer)
    : observer_(observer), answering_(addresses.size()), queue_(queue), watches_(addresses.size()) {
  grpc::ResourceQuota quota("kache-client");  // shared by the channels, which keep it
  quota.Resize(max_received_bytes);
  const auto connect = [&](const std::string& address, bool only_healthy) {
    return OpenChannel(address, security, ArgumentsForChannel(only_healthy, quota));
  };
  for (const std::string& address : addresses) {
    Server server;
    server.address = address;
    server.channel = connect(address, /*only_healthy=*/true);
    server.stub = v1::Kache::NewStub(server.channel);
    server.status_stub = v1::Kache::NewStub(connect(address, /*only_healthy=*/false));
    server.watch = std::make_unique<Watch>(*this, servers_.size());
    servers_.push_back(std::move(server));
  }
  ready_.resize(servers_.size(), false);
  for (size_t i = 0; i < servers_.size(); ++i) {
    WaitForChange(i, servers_[i].channel->GetState(/*try_to_connect=*/true));
  }
}

size_t ServerSet::Pick(std::optional<size_t> except) {
  const size_t first = next_.fetch_add(1, std::memory_order_relaxed) % servers_.size();
  if (servers_.size() == 1) return 0;
  for (const bool answering : {true, false}) {
    for (size_t i = 0; i < servers_.size(); ++i) {
      const size_t server = (first + i) % servers_.size();
      if (answering && !answering_[server].load(std::memory_order_relaxed)) continue;
      if (server != except && IsReady(server)) return server;
    }
  }
  return first == except ? (first + 1) % servers_.size() : first;
}

bool ServerSet::IsReady(size_t i) const {
  return servers_[i].channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

bool ServerSet::AnyReady(std::optional<size_t> except) const {
  for (size_t i = 0; i < servers_.size(); ++i) {
    if (i != except && IsReady(i)) return true;
  }
  return false;
}

// Where no call is in flight, gRPC reads a channel's sockets, and so learns the server's health,
// only while somebody waits for its state. So all channels are always waited for.
void ServerSet::WaitForChange(size_t server, grpc_connectivity_state state) {
  servers_[server].channel->NotifyOnStateChange(
      state, std::chrono::system_clock::now() + kWatchInterval, queue_.grpc_queue(),
      static_cast<ClientTag*>(servers_[server].watch.get()));
}

void ServerSet::OnWatched(size_t server) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      --watches_;
      stopped_.notify_all();
      return;
    }
  }
  const grpc_connectivity_state state = servers_[server].channel->GetState(/*try_to_connect=*/true);
  SetReady(server, state == GRPC_CHANNEL_READY);
  WaitForChange(server, state);
}

void ServerSet::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  stopped_.wait(lock, [this] { return watches_ == 0; });
}

void ServerSet::SetReady(size_t server, bool ready) {
  if (ready == ready_[server]) return;
  ready_[server] = ready;
  observer_.OnServer(servers_[server].address, ready,
                     static_cast<size_t>(std::count(ready_.begin(), ready_.end(), true)));
}

}  // namespace kache
