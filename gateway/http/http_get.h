// One GET, for `kache-gateway --health`: no keep-alive, no redirects, no TLS.
#ifndef KACHE_GATEWAY_HTTP_HTTP_GET_H_
#define KACHE_GATEWAY_HTTP_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"

namespace kache::gateway {

// The status code that `server` answers to GET `target`. UNAVAILABLE, with the reason, when there
// is no whole answer within `timeout`. Blocks the caller.
absl::StatusOr<int> HttpGet(const HostPort& server, const std::string& target,
                            absl::Duration timeout);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HTTP_HTTP_GET_H_
