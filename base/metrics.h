// What prometheus-cpp lacks for our use: standard buckets, text rendering, and serving a registry.
// Metrics themselves are prometheus::Counter, Gauge and Histogram, held by whoever counts.
#ifndef KACHE_BASE_METRICS_H_
#define KACHE_BASE_METRICS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/host_port.h"
#include "prometheus/exposer.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache {

// Latency buckets in seconds: 100 us to 10 s, about three a decade.
const prometheus::Histogram::BucketBoundaries& LatencyBuckets();

// The registry in the Prometheus text format, version 0.0.4. Thread-safe.
std::string RenderMetrics(prometheus::Registry& registry);

// Serves GET /metrics on `address` until destroyed; port 0 = any free one. UNAVAILABLE when the
// address can't be listened on. Owns its threads; destruction takes up to two seconds.
class MetricsServer {
 public:
  // Of HTTP's Basic scheme, with any user; called on the server's threads. Empty = none is asked
  // for.
  using PasswordCheck = std::function<bool(const std::string& password)>;

  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      const HostPort& address, std::shared_ptr<prometheus::Registry> registry,
      PasswordCheck password = nullptr);
  uint16_t port() const { return port_; }

 private:
  MetricsServer() = default;
  std::shared_ptr<prometheus::Registry> registry_;  // the exposer holds it weakly
  std::unique_ptr<prometheus::Exposer> exposer_;
  uint16_t port_ = 0;
};

}  // namespace kache

#endif  // KACHE_BASE_METRICS_H_
