#include "client/bench/connect.h"

#include "client/channel.h"

namespace kache::bench {

std::unique_ptr<v1::Kache::Stub> Connect(const std::string& server,
                                         const ChannelSecurity& security) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection each
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return v1::Kache::NewStub(OpenChannel(server, security, arguments));
}

}  // namespace kache::bench
