#include "gateway/gateway_metrics.h"

#include <algorithm>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/strings.h"

namespace kache::gateway {
namespace {

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

GatewayMetrics::GatewayMetrics(prometheus::Registry& registry, const std::vector<Route>& routes,
                               absl::Duration slow)
    : log_(slow, registry),
      requests_(prometheus::BuildCounter()
                    .Name("kache_gateway_requests_total")
                    .Help("HTTP requests answered, by route, method and status")
                    .Register(registry)),
      in_flight_(AddGauge(registry, "kache_gateway_in_flight_requests",
                          "Requests given to a handler and not yet answered")),
      connections_(AddGauge(registry, "kache_gateway_connections", "Open HTTP connections")),
      held_gauge_(AddGauge(registry, "kache_gateway_held_bytes",
                           "Bytes of requests and answers that all connections hold, of "
                           "MAX_HTTP_BUFFER_BYTES")) {
  AddGauge(registry, "kache_gateway_start_time_seconds",
           "When the gateway started, as seconds since the Unix epoch")
      .Set(absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()));
  auto& seconds = prometheus::BuildHistogram()
                      .Name("kache_gateway_request_seconds")
                      .Help("From a request's head to the end of its answer, by route")
                      .Register(registry);
  for (size_t i = 0; i <= routes.size(); ++i) {
    auto route = std::make_unique<RouteMetrics>();
    route->pattern = i < routes.size() ? routes[i].pattern : "none";
    // Routes with one pattern (GET and PUT of a key) share a histogram.
    route->seconds = &seconds.Add({{"route", std::string(route->pattern)}}, LatencyBuckets());
    routes_.push_back(std::move(route));
  }
  auto& refusals = prometheus::BuildCounter()
                       .Name("kache_gateway_rejected_total")
                       .Help("Requests and connections refused or given up, by reason")
                       .Register(registry);
  for (size_t i = 0; i < refusals_.size(); ++i) {
    const auto reason = static_cast<RefusalReason>(i);
    refusals_[i] = &refusals.Add({{"reason", std::string(RefusalReasonName(reason))}});
  }
}

void GatewayMetrics::OnStarted(const HttpRequest& /*request*/) { in_flight_.Increment(); }

void GatewayMetrics::OnAnswered(const HttpRequest& request, const HttpAnswered& answer) {
  if (answer.served) in_flight_.Decrement();
  RouteMetrics& route = *routes_[std::min(request.route, routes_.size() - 1)];
  route.seconds->Observe(absl::ToDoubleSeconds(answer.elapsed()));
  Answers(route, request.method, answer.status).Increment();
  log_.OnAnswered(route.pattern, request, answer);
}

prometheus::Counter& GatewayMetrics::Answers(RouteMetrics& route, HttpMethod method, int status) {
  const auto column = static_cast<size_t>(std::clamp(status, 0, kStatuses - 1));
  auto& slot = route.answers[static_cast<size_t>(method)][column];
  prometheus::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // Two threads may both come here: Add returns the same counter to both.
    counter = &requests_.Add({{"route", std::string(route.pattern)},
                              {"method", std::string(HttpMethodName(method))},
                              {"code", Concat(status)}});
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

void GatewayMetrics::PublishGauges() { held_gauge_.Set(static_cast<double>(held_->bytes())); }

void GatewayMetrics::OnRefused(RefusalReason reason) {
  refusals_[static_cast<size_t>(reason)]->Increment();
}

}  // namespace kache::gateway
