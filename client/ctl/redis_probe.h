// Asks one Redis server for INFO and TIME, without Kache in between. Blocking, over
// RedisConnection.
//
// ParseRedisUrl: thread-safe. AskRedis: one at a time, as it ignores SIGPIPE meanwhile.
#ifndef KACHE_CLIENT_CTL_REDIS_PROBE_H_
#define KACHE_CLIENT_CTL_REDIS_PROBE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "security/tls_files.h"

namespace kache::ctl {

struct RedisUrl {
  HostPort address;
  std::string user;
  std::string password;  // empty = no AUTH
  bool tls = false;
};

// host:port or redis://[user][:password]@host[:port], or rediss://... for TLS, with an optional
// `name=` before and
// `/database` after, both ignored. User and password are taken as they are written, not
// percent-decoded. Messages never repeat the text.
absl::StatusOr<RedisUrl> ParseRedisUrl(std::string_view text);

struct RedisAnswer {
  std::string info;
  absl::Duration clock_offset;  // the server's clock less ours
  absl::Duration clock_error;   // half the round trip
};

// `files`, for a url with `tls`: the authorities of the server's certificate (the system's when not
// set), and what the server is shown when it asks for a certificate. UNAVAILABLE with what went
// wrong when there is no answer, INVALID_ARGUMENT for a bad file; each step may take `timeout`.
absl::StatusOr<RedisAnswer> AskRedis(const RedisUrl& url, const TlsFiles& files,
                                     absl::Duration timeout);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_REDIS_PROBE_H_
