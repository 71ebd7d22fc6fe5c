// A connection to one Redis server of REDIS_URLS, as its entry says: TLS, password, database.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_CTL_REDIS_LOGIN_H_
#define KACHE_CLIENT_CTL_REDIS_LOGIN_H_

#include <csignal>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/redis_url.h"
#include "client/ctl/redis_connection.h"
#include "security/tls_files.h"

namespace kache::ctl {

// `files`, for an address with `tls`: the authorities of the server's certificate (the system's
// when not set), and what the server is shown when it asks for a certificate. Each step may take
// `timeout`. INVALID_ARGUMENT: a bad file; else as RedisConnection::Open and Call.
absl::StatusOr<std::unique_ptr<RedisConnection>> LogIn(const RedisAddress& redis,
                                                       const TlsFiles& files,
                                                       absl::Duration timeout);

// A server that closes the connection while it is written to must not end the program. One at a
// time, around all that is done with connections.
class BrokenPipesIgnored {
 public:
  BrokenPipesIgnored() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~BrokenPipesIgnored() { std::signal(SIGPIPE, before_); }
  BrokenPipesIgnored(const BrokenPipesIgnored&) = delete;
  BrokenPipesIgnored& operator=(const BrokenPipesIgnored&) = delete;

 private:
  void (*const before_)(int);
};

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REDIS_LOGIN_H_
