#include "client/bench/connect.h"

#include "base/strings.h"
#include "grpcpp/support/channel_arguments.h"

namespace kache::bench {
namespace {

// Over the largest answer of a batch, with its framing.
constexpr int kMaxMessageBytes = 72 * 1024 * 1024;

}  // namespace

std::unique_ptr<v1::Kache::Stub> Connect(const std::string& server,
                                         const ChannelSecurity& security) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection each
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return v1::Kache::NewStub(security.Connect(Concat("dns:///", server), arguments));
}

}  // namespace kache::bench
