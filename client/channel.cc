#include "client/channel.h"

#include "base/limits.h"
#include "base/strings.h"

namespace kache {
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address,
                                           const ChannelSecurity& security,
                                           grpc::ChannelArguments arguments) {
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // What the settings of the server that answers are is not known here.
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMessageBytesBound));
  arguments.SetMaxSendMessageSize(static_cast<int>(kMessageBytesBound));
  return security.Connect(Concat("dns:///", address), arguments);
}

}  // namespace kache
