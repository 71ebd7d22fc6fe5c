// Counts what the HTTP side does, and has it logged (request_log.h).
//   kache_gateway_requests_total{route,method,code}   answers; `route` is the route's pattern, or
//                                                     "none" where no route was found
//   kache_gateway_request_seconds{route}              from the head's arrival to the answer's end
//   kache_gateway_in_flight_requests                  given to a handler and not yet answered
//   kache_gateway_connections                         open connections
//   kache_gateway_held_bytes                          of requests and answers, of all connections
//   kache_gateway_rejected_total{reason}              refused or given up by the server itself
//   kache_gateway_start_time_seconds                  when the gateway started, in Unix time, to
//   the
//                                                     millisecond: tells one gateway from another
//
// Thread-safe.
#ifndef KACHE_GATEWAY_GATEWAY_METRICS_H_
#define KACHE_GATEWAY_GATEWAY_METRICS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/request_log.h"
#include "http/http_service.h"
#include "http/router.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache::gateway {

class GatewayMetrics final : public HttpObserver {
 public:
  // The registry outlives it; the routes are those that requests' `route` counts through.
  // Requests slower than `slow` are logged; zero = none.
  GatewayMetrics(prometheus::Registry& registry, const std::vector<Route>& routes,
                 absl::Duration slow);

  void OnServing(const HeldBytes& held) override { held_ = &held; }
  void OnConnectionOpened() override { connections_.Increment(); }
  void OnConnectionClosed() override { connections_.Decrement(); }
  void OnStarted(const HttpRequest& request) override;
  void OnAnswered(const HttpRequest& request, const HttpAnswered& answer) override;
  void OnRefused(RefusalReason reason) override;

  // Before they are shown; requires a server that serves.
  void PublishGauges();

 private:
  static constexpr int kStatuses = 600;
  static constexpr size_t kMethods = static_cast<size_t>(HttpMethod::kOther) + 1;

  struct RouteMetrics {
    std::string_view pattern;
    prometheus::Histogram* seconds;
    // Filled as they are first seen, so that counting needs no lookup by labels.
    std::array<std::array<std::atomic<prometheus::Counter*>, kStatuses>, kMethods> answers = {};
  };
  prometheus::Counter& Answers(RouteMetrics& route, HttpMethod method, int status);

  RequestLog log_;
  prometheus::Family<prometheus::Counter>& requests_;
  std::vector<std::unique_ptr<RouteMetrics>> routes_;  // the last one is for "none"
  prometheus::Gauge& in_flight_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& held_gauge_;
  const HeldBytes* held_ = nullptr;
  std::array<prometheus::Counter*, static_cast<size_t>(RefusalReason::kCount)> refusals_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_GATEWAY_METRICS_H_
