// A connection of its own to a Kache server.
#ifndef KACHE_CLIENT_BENCH_CONNECT_H_
#define KACHE_CLIENT_BENCH_CONNECT_H_

#include <memory>
#include <string>

#include "kache/v1/kache.grpc.pb.h"
#include "security/channel/channel_security.h"

namespace kache::bench {

// `server` is host:port. Nothing is sent yet.
std::unique_ptr<v1::Kache::Stub> Connect(const std::string& server,
                                         const ChannelSecurity& security);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_CONNECT_H_
