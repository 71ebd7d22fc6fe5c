#include "client/channels.h"

#include "base/strings.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace kache {
namespace {

// Over the largest answer that a server gives: a batch, or one value of the greatest size that can
// be configured, with their framing.
constexpr int kMaxMessageBytes = 72 * 1024 * 1024;

constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "healthCheckConfig": {"serviceName": "kache.v1.Kache"}
})";

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // The attempts of a call are counted in call.h, not hidden inside gRPC.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // connections of this client alone
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1000);
  // A connection that went dead without a word is noticed after 15 s, while it carries calls.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(Concat("dns:///", address), grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

Channels::Channels(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    std::shared_ptr<grpc::Channel> channel = Connect(address);
    channel->GetState(/*try_to_connect=*/true);
    std::unique_ptr<v1::Kache::Stub> stub = v1::Kache::NewStub(channel);
    servers_.push_back({std::move(channel), std::move(stub)});
  }
}

size_t Channels::Pick(std::optional<size_t> except) {
  const size_t first = next_.fetch_add(1, std::memory_order_relaxed);
  if (servers_.size() == 1) return 0;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const size_t server = (first + i) % servers_.size();
    if (server != except && IsReady(server)) return server;
  }
  const size_t server = first % servers_.size();
  return server == except ? (server + 1) % servers_.size() : server;
}

bool Channels::IsReady(size_t i) const {
  // Asked for, an idle channel connects: so a server that was away is used again when it is back.
  return servers_[i].channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
}

}  // namespace kache
