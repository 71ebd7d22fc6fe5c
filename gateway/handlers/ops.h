// What machines ask: /ping, /livez, /readyz and /metrics. Their queries are ignored.
#ifndef KACHE_GATEWAY_HANDLERS_OPS_H_
#define KACHE_GATEWAY_HANDLERS_OPS_H_

#include <atomic>
#include <functional>
#include <utility>

#include "gateway/upstream/upstream.h"
#include "http/http_service.h"
#include "prometheus/registry.h"

namespace kache::gateway {

// Thread-safe. What it is given outlives it.
class OpsHandler {
 public:
  // `publish` brings gauges up to date before they are shown.
  OpsHandler(const Upstream* upstream, prometheus::Registry* registry,
             const std::atomic<bool>* draining, std::function<void()> publish)
      : upstream_(upstream),
        registry_(registry),
        draining_(draining),
        publish_(std::move(publish)) {}

  // 200 while a server behind the gateway says that it can serve keys.
  void Ping(const HttpRequest& request, Responder responder) const;
  // 200 as long as the process answers.
  void Live(const HttpRequest& request, Responder responder) const;
  // As Ping, and 503 once the gateway drains.
  void Ready(const HttpRequest& request, Responder responder) const;
  void Metrics(const HttpRequest& request, Responder responder) const;

 private:
  const Upstream* const upstream_;
  prometheus::Registry* const registry_;
  const std::atomic<bool>* const draining_;
  const std::function<void()> publish_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_OPS_H_
