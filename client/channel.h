// A gRPC channel to a Kache server, as everything here that speaks to one makes it.
#ifndef KACHE_CLIENT_CHANNEL_H_
#define KACHE_CLIENT_CHANNEL_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "security/channel/channel_security.h"

namespace kache {

// To `address`, host:port; a name with many addresses stands for all of them. Connects once it is
// used. `arguments`: what this caller wants besides what all of them do, which is: no proxy of the
// environment, no service configuration from the DNS, and room for the largest
// message that servers can be configured to take or give (base/limits.h).
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address,
                                           const ChannelSecurity& security,
                                           grpc::ChannelArguments arguments);

}  // namespace kache

#endif  // KACHE_CLIENT_CHANNEL_H_
