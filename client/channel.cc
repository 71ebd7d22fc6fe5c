#include "client/channel.h"

#include "base/strings.h"

namespace kache {
namespace {

// Over the largest answer that a server gives: a batch, or one value of the greatest size that
// can be configured, with their framing.
constexpr int kMaxMessageBytes = 72 * 1024 * 1024;

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address,
                                           const ChannelSecurity& security,
                                           grpc::ChannelArguments arguments) {
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return security.Connect(Concat("dns:///", address), arguments);
}

}  // namespace kache
