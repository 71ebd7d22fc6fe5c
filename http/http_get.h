// One GET, for `kache-gateway --health`: no keep-alive, no redirects. With the TLS files
// of the gateway, which is on this machine, its certificate is not checked, and shown to it where
// it asks clients for one.
#ifndef KACHE_HTTP_HTTP_GET_H_
#define KACHE_HTTP_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "security/tls_files.h"

namespace kache {

// The status code that `server` answers to GET `target`. UNAVAILABLE, with the reason, when there
// is no whole answer within `timeout`. Blocks the caller.
absl::StatusOr<int> HttpGet(const HostPort& server, const std::string& target,
                            absl::Duration timeout, const TlsFiles& tls = {});

}  // namespace kache

#endif  // KACHE_HTTP_HTTP_GET_H_
