#include "gateway/handlers/ops.h"

#include <utility>

#include "base/metrics.h"
#include "http/error_response.h"

namespace kache::gateway {
namespace {

HttpResponse Fine() {
  HttpResponse response;
  response.body = R"({"status":"ok"})";
  response.AddHeader("Cache-Control", "no-store");
  return response;
}

HttpResponse Unavailable(std::string_view message) {
  HttpResponse response = ErrorResponse(503, "UNAVAILABLE", message);
  response.AddHeader("Cache-Control", "no-store");
  return response;
}

}  // namespace

void OpsHandler::Ping(const HttpRequest& /*request*/, Responder responder) const {
  responder.Send(upstream_->Healthy() ? Fine() : Unavailable("no Kache server can serve keys"));
}

void OpsHandler::Live(const HttpRequest& /*request*/, Responder responder) const {
  responder.Send(Fine());
}

void OpsHandler::Ready(const HttpRequest& request, Responder responder) const {
  if (draining_->load(std::memory_order_relaxed)) {
    responder.Send(Unavailable("the gateway is stopping"));
    return;
  }
  Ping(request, std::move(responder));
}

void OpsHandler::Metrics(const HttpRequest& /*request*/, Responder responder) const {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  publish_();
  response.body = RenderMetrics(*registry_);
  responder.Send(std::move(response));
}

}  // namespace kache::gateway
