// The entries of REDIS_URLS.
//
//   [name=]host:port
//   [name=]redis://[user:password@]host[:port][/database]
//   [name=]rediss://...                  # the same over TLS
//
//   cache-a=redis-0.redis:6379
//   redis://:s3cret%2C@10.0.0.1/2        # a password only, port 6379, database 2
//
// User and password are percent-decoded. An IPv6 address stands in brackets.
#ifndef KACHE_SERVER_REDIS_URL_H_
#define KACHE_SERVER_REDIS_URL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/host_port.h"

namespace kache {

struct RedisAddress {
  // What is hashed onto the ring: [A-Za-z0-9._-]+ when given, else the address, host:port.
  std::string name;
  HostPort address;
  std::string user;      // empty = the default user
  std::string password;  // empty = no authentication
  int database = 0;
  bool tls = false;
};

// INVALID_ARGUMENT says what is wrong, and repeats no part of the entry: it may hold a password.
absl::StatusOr<RedisAddress> ParseRedisUrl(std::string_view entry);

}  // namespace kache

#endif  // KACHE_SERVER_REDIS_URL_H_
