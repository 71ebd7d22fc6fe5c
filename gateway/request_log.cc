#include "gateway/request_log.h"

#include "spdlog/spdlog.h"

namespace kache::gateway {
namespace {

constexpr std::string_view kRoutesOfKeys = "/api/";

double Milliseconds(absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); }

bool FailedForUs(std::string_view route, int status) {
  return status >= 500 && status != 501 && route.substr(0, kRoutesOfKeys.size()) == kRoutesOfKeys;
}

}  // namespace

RequestLog::RequestLog(absl::Duration slow, prometheus::Registry& registry)
    : slow_(slow),
      slow_requests_(prometheus::BuildCounter()
                         .Name("kache_gateway_slow_requests_total")
                         .Help("Requests that took longer than SLOW_OPERATION_MS")
                         .Register(registry)
                         .Add({})) {}

void RequestLog::OnAnswered(std::string_view route, const HttpRequest& request,
                            const HttpAnswered& answer) {
  const absl::Duration elapsed = answer.elapsed();
  if (slow_ > absl::ZeroDuration() && elapsed >= slow_) {
    slow_requests_.Increment();
    spdlog::warn(
        "slow request route={} method={} status={} ms={:.1f} receive_ms={:.1f} serve_ms={:.1f} "
        "send_ms={:.1f} request_bytes={} answer_bytes={}{}",
        route, HttpMethodName(request.method), answer.status, Milliseconds(elapsed),
        Milliseconds(answer.receiving), Milliseconds(answer.serving), Milliseconds(answer.sending),
        request.body.size(), answer.body_bytes, request.name.LogText());
  }
  if (FailedForUs(route, answer.status)) {
    spdlog::warn("request failed route={} method={} status={} ms={:.1f}{}", route,
                 HttpMethodName(request.method), answer.status, Milliseconds(elapsed),
                 request.name.LogText());
  }
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("request answered route={} method={} status={} seconds={:.6f}{}", route,
                  HttpMethodName(request.method), answer.status, absl::ToDoubleSeconds(elapsed),
                  request.name.LogText());
  }
}

}  // namespace kache::gateway
