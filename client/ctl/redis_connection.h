// One blocking connection to one Redis server, plain or over TLS. Debian 12's hiredis has no TLS,
// so OpenSSL carries the bytes there, and hiredis writes and reads the protocol only.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_CTL_REDIS_CONNECTION_H_
#define KACHE_CLIENT_CTL_REDIS_CONNECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"

struct redisContext;
struct redisReply;
struct ssl_st;
struct ssl_ctx_st;

namespace kache::ctl {

struct FreeReply {
  void operator()(redisReply* reply) const;
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

class RedisConnection {
 public:
  // Over TLS where `tls` is given: the server's certificate must then be for address.host. Each
  // step, this and later ones, may take `timeout`. UNAVAILABLE says what went wrong.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Open(const HostPort& address,
                                                               ssl_ctx_st* tls,
                                                               absl::Duration timeout);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // UNAVAILABLE: the connection is useless. Redis answered with an error, of which a code such as
  // NOAUTH is repeated at most: UNAUTHENTICATED to AUTH or for want of one, PERMISSION_DENIED for
  // NOPERM, else FAILED_PRECONDITION. Otherwise never null.
  absl::StatusOr<RedisReply> Call(const std::vector<std::string>& command);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };
  struct FreeTls {
    void operator()(ssl_st* tls) const;
  };

  explicit RedisConnection(redisContext* context) : context_(context) {}

  absl::Status Shake(const HostPort& address, ssl_ctx_st* tls);
  // Of a command in Redis's protocol.
  absl::StatusOr<RedisReply> Exchange(const std::string& command);
  absl::StatusOr<RedisReply> ExchangeOverTls(const std::string& command);
  absl::Status Broken() const;
  absl::Status TlsBroken(int result) const;

  std::unique_ptr<redisContext, FreeContext> context_;
  std::unique_ptr<ssl_st, FreeTls> tls_;  // on the descriptor of context_
};

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REDIS_CONNECTION_H_
