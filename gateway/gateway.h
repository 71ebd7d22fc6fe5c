// A whole gateway: the HTTP server, the routes, and the way to the Kache servers. Programs and
// tests start it and stop it; nothing is global.
//
//   auto gateway = Gateway::Start(config);      // serves from here on
//   ... (*gateway)->port() ...
//   (*gateway)->Drain();                        // returns when all is answered, or time is up
//
// Thread-safe. The destructor ends what is still under way.
#ifndef KACHE_GATEWAY_GATEWAY_H_
#define KACHE_GATEWAY_GATEWAY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/log_loss_metric.h"
#include "client/grpc_transport.h"
#include "gateway/config.h"
#include "gateway/gateway_metrics.h"
#include "gateway/handlers/batch.h"
#include "gateway/handlers/keys.h"
#include "gateway/handlers/locate.h"
#include "gateway/handlers/ops.h"
#include "gateway/handlers/status.h"
#include "gateway/handlers/web.h"
#include "gateway/upstream/name_learning_upstream.h"
#include "gateway/upstream/node_names.h"
#include "gateway/upstream/upstream_metrics.h"
#include "http/http_server.h"
#include "http/router.h"
#include "prometheus/registry.h"
#include "security/access_control.h"

namespace kache::gateway {

class Gateway {
 public:
  // UNAVAILABLE when the HTTP address can't be listened on, INVALID_ARGUMENT when a file of tokens
  // or certificates is wrong. Does not wait for a Kache server.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(const GatewayConfig& config);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  uint16_t port() const { return server_->port(); }
  prometheus::Registry& registry() { return registry_; }
  const std::vector<Route>& routes() const { return router_.routes(); }

  // Turns not ready, goes on accepting for the drain delay, so that load balancers notice, then
  // takes no new connections and waits for those that are there, at most the drain time.
  void Drain();

 private:
  Gateway(const GatewayConfig& config, const ChannelSecurity& security,
          std::unique_ptr<prometheus::Registry> registry, std::unique_ptr<AccessControl> access);
  std::vector<Route> Routes();

  const GatewayConfig config_;
  const std::unique_ptr<prometheus::Registry> registry_owner_;
  prometheus::Registry& registry_;
  const std::unique_ptr<AccessControl> access_;
  std::atomic<bool> draining_ = false;
  UpstreamMetrics upstream_metrics_;
  GrpcTransport transport_;
  NodeNames names_;
  NameLearningUpstream upstream_;
  KeysHandler keys_;
  BatchHandler batch_;
  StatusHandler status_;
  LocateHandler locate_;
  OpsHandler ops_;
  WebHandler web_;
  Router router_;
  GatewayMetrics metrics_;
  LogLossMetric log_loss_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_GATEWAY_H_
