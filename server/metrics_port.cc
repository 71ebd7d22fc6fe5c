#include "server/metrics_port.h"

#include <string>
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

MetricsPort::RefusalCounters::RefusalCounters(prometheus::Registry& registry) {
  auto& family = prometheus::BuildCounter()
                     .Name("kache_metrics_port_rejected_total")
                     .Help(
                         "Requests and connections to the metrics port refused or given up, by "
                         "reason")
                     .Register(registry);
  for (size_t i = 0; i < counters_.size(); ++i) {
    const auto reason = static_cast<RefusalReason>(i);
    counters_[i] = &family.Add({{"reason", std::string(RefusalReasonName(reason))}});
  }
}

void MetricsPort::RefusalCounters::OnRefused(RefusalReason reason) {
  counters_[static_cast<size_t>(reason)]->Increment();
}

MetricsPort::MetricsPort(prometheus::Registry& registry, const AccessControl* access)
    : router_(Routes(registry), access), observer_(registry) {}

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
  // A scrape whose answer is being written has more time left than any connection that has sent
  // nothing, or a part of a request: so those are replaced before it.
  options.idle_timeout = absl::Seconds(2);
  options.read_timeout = absl::Seconds(5);
  options.write_timeout = absl::Seconds(10);
  auto server = HttpServer::Start(options, &port->router_, &port->observer_);
  if (!server.ok()) return server.status();
  port->server_ = *std::move(server);
  return port;
}

}  // namespace kache
