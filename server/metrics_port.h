// Serves GET and HEAD of /metrics to Prometheus. Clients that send nothing, or do not read, cannot
// keep a scrape out: each connection over the limit takes the place of the one whose client has the
// least time left (HttpOptions::replaces_waiting). So the port holds kMaxConnections answers at
// most.
//
// Thread-safe. Owns its thread.
#ifndef KACHE_SERVER_METRICS_PORT_H_
#define KACHE_SERVER_METRICS_PORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/host_port.h"
#include "http/http_server.h"
#include "http/http_service.h"
#include "http/router.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"
#include "security/access_control.h"
#include "security/tls_files.h"

namespace kache {

class MetricsPort {
 public:
  static constexpr size_t kMaxConnections = 16;

  // Port 0 = any free one. With TLS where `tls` has a certificate. Tokens of the role `read` are
  // asked for where `access` asks for tokens: as Bearer, or as the password of Basic. Both outlive
  // it. UNAVAILABLE when the address can't be listened on, INVALID_ARGUMENT when a file for TLS is
  // wrong.
  static absl::StatusOr<std::unique_ptr<MetricsPort>> Start(const HostPort& address,
                                                            const TlsFiles& tls,
                                                            prometheus::Registry& registry,
                                                            const AccessControl* access = nullptr);
  uint16_t port() const { return server_->port(); }

 private:
  // kache_metrics_port_rejected_total{reason}. A connection that took another one's place counts,
  // too: as too_many_connections.
  class RefusalCounters final : public HttpObserver {
   public:
    explicit RefusalCounters(prometheus::Registry& registry);
    void OnRefused(RefusalReason reason) override;

   private:
    std::array<prometheus::Counter*, static_cast<size_t>(RefusalReason::kCount)> counters_;
  };

  MetricsPort(prometheus::Registry& registry, const AccessControl* access);

  Router router_;
  RefusalCounters observer_;
  std::unique_ptr<HttpServer> server_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SERVER_METRICS_PORT_H_
