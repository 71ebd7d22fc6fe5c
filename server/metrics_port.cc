#include "server/metrics_port.h"

#include <utility>
#include <vector>

#include "base/metrics.h"

namespace kache {
namespace {

std::vector<Route> Routes(prometheus::Registry& registry) {
  const auto serve = [&registry](HttpRequest& /*request*/, Responder responder) {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = RenderMetrics(registry);
    responder.Send(std::move(response));
  };
  // No operations: a limit must not make those blind who want to know why.
  return {{HttpMethod::kGet, "/metrics", nullptr, serve, Role::kRead, /*operations=*/0}};
}

}  // namespace

MetricsPort::MetricsPort(prometheus::Registry& registry, const AccessControl* access)
    : router_(Routes(registry), access) {}

absl::StatusOr<std::unique_ptr<MetricsPort>> MetricsPort::Start(const HostPort& address,
                                                                const TlsFiles& tls,
                                                                prometheus::Registry& registry,
                                                                const AccessControl* access) {
  std::unique_ptr<MetricsPort> port(new MetricsPort(registry, access));
  HttpOptions options;
  options.address = address;
  options.tls = tls;
  options.whose = "the metrics port";
  options.max_connections = kMaxConnections;
  options.replaces_waiting = true;
  options.max_head_bytes = 16 * 1024;
  options.max_buffered_bytes = uint64_t{1} << 40;  // connections bound it
  options.read_timeout = absl::Seconds(10);
  options.write_timeout = absl::Seconds(10);
  auto server = HttpServer::Start(options, &port->router_, &port->observer_);
  if (!server.ok()) return server.status();
  port->server_ = *std::move(server);
  return port;
}

}  // namespace kache
