// One entry of REDIS_URLS: the one way in which every program of Kache reads the address of a Redis
// server.
//
//   [name=]host:port
//   [name=]redis://[user:password@]host[:port][/database]
//   [name=]rediss://...                  # the same over TLS
//
//   cache-a=redis-0.redis:6379
//   redis://:s3cret%2C@10.0.0.1/2        # a password only, port 6379, database 2
//   10.0.0.7:6379=10.0.0.9:6379          # moved; keeps the name that it had by default
//
// The name ends at the first '=', unless a '/' or '@' stands before that '=': then the '=' belongs
// to a user or password, and there is no name. An IPv6 address stands in brackets.
//
// User and password are percent-decoded. In them only ',' (it separates entries), '/', '?', '#' and
// '%' must be percent-encoded; ':' must be, too, in a user.
//
// Thread-safe.
#ifndef KACHE_BASE_REDIS_URL_H_
#define KACHE_BASE_REDIS_URL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/host_port.h"

namespace kache {

struct RedisAddress {
  // What is hashed onto the ring. A given name is 1 to 255 of [A-Za-z0-9._-], or an address: then
  // it is what an entry with that address and no name is called. Without a name:
  // `address.ToString()`.
  std::string name;
  HostPort address;
  std::string user;           // empty = the default user
  std::string password;       // empty = no authentication, unless there is a file
  std::string password_file;  // with the password; never of an entry (redis_login.h)
  int database = 0;
  bool tls = false;
};

// `entry` has no blanks round it. INVALID_ARGUMENT says what is wrong and what to do, and repeats
// no part of the entry: it may hold a password.
absl::StatusOr<RedisAddress> ParseRedisUrl(std::string_view entry);

}  // namespace kache

#endif  // KACHE_BASE_REDIS_URL_H_
