// Asks one Redis server for INFO and TIME, without Kache in between. Blocking, over
// RedisConnection.
//
// One call at a time, as it ignores SIGPIPE meanwhile.
#ifndef KACHE_CLIENT_CTL_REDIS_PROBE_H_
#define KACHE_CLIENT_CTL_REDIS_PROBE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/redis_url.h"
#include "security/tls_files.h"

namespace kache::ctl {

struct RedisAnswer {
  std::string info;
  absl::Duration clock_offset;  // the server's clock less ours
  absl::Duration clock_error;   // half the round trip
};

// `files`, for an address with `tls`: the authorities of the server's certificate (the system's
// when not set), and what the server is shown when it asks for a certificate. The database does not
// matter. Each step may take `timeout`. Errors say what went wrong:
//   UNAVAILABLE          no answer
//   UNAUTHENTICATED      Redis wants a password, or other ones than `redis` has
//   PERMISSION_DENIED    the user may not run INFO or TIME
//   FAILED_PRECONDITION  another error of Redis
//   INVALID_ARGUMENT     a bad file
absl::StatusOr<RedisAnswer> AskRedis(const RedisAddress& redis, const TlsFiles& files,
                                     absl::Duration timeout);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REDIS_PROBE_H_
