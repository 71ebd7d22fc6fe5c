// Asks a server's gRPC health service, as `kache-server --health` does for container health checks.
#ifndef KACHE_SERVER_HEALTH_CLIENT_H_
#define KACHE_SERVER_HEALTH_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "security/tls_files.h"

namespace kache {

// "SERVING", "NOT_SERVING", ...; otherwise why there was no answer within `timeout`. `tls` is the
// server's own: it is on this machine, so its certificate is not checked, and shown to it where it
// asks clients for one.
absl::StatusOr<std::string> AskHealth(const HostPort& server, const std::string& service,
                                      absl::Duration timeout, const TlsFiles& tls = {});

}  // namespace kache

#endif  // KACHE_SERVER_HEALTH_CLIENT_H_
