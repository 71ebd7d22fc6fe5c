// The gateway's settings; docs/configuration.md describes each.
#ifndef KACHE_GATEWAY_CONFIG_H_
#define KACHE_GATEWAY_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/logging.h"
#include "base/settings.h"
#include "gateway/handlers/handler_config.h"
#include "http/http_server.h"
#include "security/access_control.h"
#include "security/channel/channel_security.h"

namespace kache::gateway {

struct GatewayConfig {
  LogConfig log;
  absl::Duration slow_request = absl::Milliseconds(100);  // logged from there on; zero = never
  HttpOptions http;
  std::vector<std::string> allowed_hosts;  // AllowedHosts, where no tokens are asked for
  HandlerConfig handlers;
  AccessOptions access;             // of the gateway's callers
  ChannelSecurityOptions upstream;  // of the gateway itself, as a caller of the servers
  std::vector<std::string> servers = {"localhost:50051"};  // host:port
  size_t max_upstream_bytes = size_t{256} << 20;           // GrpcTransportOptions::max_buffer_bytes
  std::string memory_shortage;  // why the memory limit is too low for the bounds; empty = it fits
  std::string files_shortage;   // why the limit of files is too low for http.max_connections
  absl::Duration drain_time = absl::Seconds(20);  // for requests under way, at the end
  absl::Duration drain_delay = absl::Seconds(1);  // before that: not ready, but still accepting
};

// Mistakes are the reader's: call its Finish afterwards. Under a `memory_limit`
// (base/memory_limit.h) the defaults of what bounds memory follow it, and settings that do not fit
// are a mistake.
GatewayConfig ReadGatewayConfig(SettingsReader& reader,
                                std::optional<uint64_t> memory_limit = std::nullopt);

// Bounds the connections by `limit`, the files that the process may have open, where that is too
// low for http.max_connections: what else the gateway needs files for comes first.
void FitIntoFiles(uint64_t limit, GatewayConfig* config);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_CONFIG_H_
