#include "base/metrics.h"

#include <exception>
#include <sstream>

#include "base/strings.h"
#include "prometheus/text_serializer.h"

namespace kache {
namespace {

constexpr size_t kThreads = 2;  // one scrape must not wait for another that is slow to read

}  // namespace

const prometheus::Histogram::BucketBoundaries& LatencyBuckets() {
  static const auto* const buckets = new prometheus::Histogram::BucketBoundaries{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return *buckets;
}

std::string RenderMetrics(prometheus::Registry& registry) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, registry.Collect());
  return std::move(out).str();
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    const HostPort& address, std::shared_ptr<prometheus::Registry> registry,
    PasswordCheck password) {
  std::unique_ptr<MetricsServer> server(new MetricsServer);
  server->registry_ = std::move(registry);
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(address.ToString(), kThreads);
  } catch (const std::exception& error) {
    // The library's own message ("null context when constructing CivetServer...") tells nobody why.
    return absl::UnavailableError(
        Concat("can't serve metrics on ", address.ToString(), ": is the port taken?"));
  }
  const std::vector<int> ports = server->exposer_->GetListeningPorts();
  if (ports.empty()) {
    return absl::UnavailableError(
        Concat("can't serve metrics on ", address.ToString(), ": no port is listened on"));
  }
  server->port_ = static_cast<uint16_t>(ports.front());
  if (password) {
    // Before there is anything to see.
    server->exposer_->RegisterAuth(
        [password = std::move(password)](const std::string& /*user*/, const std::string& given) {
          return password(given);
        },
        "kache");
  }
  server->exposer_->RegisterCollectable(server->registry_);
  return server;
}

}  // namespace kache
