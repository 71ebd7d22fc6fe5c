#include "client/server_set.h"

#include <algorithm>
#include <chrono>

#include "client/channel.h"
#include "grpcpp/completion_queue.h"

namespace kache {
namespace {

// Bounds how long the destructor waits.
constexpr auto kWatchInterval = std::chrono::milliseconds(100);

constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": "kache.v1.Kache"}
})";

grpc::ChannelArguments ArgumentsForChannel(bool only_healthy) {
  grpc::ChannelArguments arguments;
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

std::shared_ptr<grpc::Channel> Connect(const std::string& address, const ChannelSecurity& security,
                                       bool only_healthy) {
  return OpenChannel(address, security, ArgumentsForChannel(only_healthy));
}

}  // namespace

ServerSet::ServerSet(const std::vector<std::string>& addresses, const ChannelSecurity& security,
                     TransportObserver& observer)
    : observer_(observer) {
  for (const std::string& address : addresses) {
    Server server;
    server.address = address;
    server.channel = Connect(address, security, /*only_healthy=*/true);
    server.stub = v1::Kache::NewStub(server.channel);
    server.status_stub = v1::Kache::NewStub(Connect(address, security, /*only_healthy=*/false));
    servers_.push_back(std::move(server));
  }
  ready_.resize(servers_.size(), false);
  watcher_ = std::thread([this] { Watch(); });
}

ServerSet::~ServerSet() {
  stopping_ = true;
  watcher_.join();
}

size_t ServerSet::Pick(std::optional<size_t> except) {
  const size_t first = next_.fetch_add(1, std::memory_order_relaxed) % servers_.size();
  if (servers_.size() == 1) return 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const size_t server = (first + i) % servers_.size();
    if (server != except && IsReady(server)) return server;
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

void ServerSet::Watch() {
  // Where no call is in flight, gRPC reads a channel's sockets, and so learns the server's health,
  // only while somebody waits for its state. So all channels are always waited for.
  grpc::CompletionQueue changes;
  const auto wait_for_change = [&](size_t i) {
    const grpc_connectivity_state state = servers_[i].channel->GetState(/*try_to_connect=*/true);
    SetReady(i, state == GRPC_CHANNEL_READY);
    servers_[i].channel->NotifyOnStateChange(state,
                                             std::chrono::system_clock::now() + kWatchInterval,
                                             &changes, reinterpret_cast<void*>(i));
  };
  for (size_t i = 0; i < servers_.size(); ++i) wait_for_change(i);
  void* tag = nullptr;
  bool changed = false;
  // Each wait ends by a change or after kWatchInterval; none is begun once stopping.
  for (size_t waits = servers_.size(); waits > 0 && changes.Next(&tag, &changed);) {
    if (stopping_.load(std::memory_order_relaxed)) {
      --waits;
    } else {
      wait_for_change(reinterpret_cast<size_t>(tag));
    }
  }
  changes.Shutdown();
  while (changes.Next(&tag, &changed)) {
  }
}

void ServerSet::SetReady(size_t server, bool ready) {
  if (ready == ready_[server]) return;
  ready_[server] = ready;
  observer_.OnServer(servers_[server].address, ready,
                     static_cast<size_t>(std::count(ready_.begin(), ready_.end(), true)));
}

}  // namespace kache
