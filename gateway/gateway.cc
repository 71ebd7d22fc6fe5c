#include "gateway/gateway.h"

#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "spdlog/spdlog.h"

namespace kache::gateway {
namespace {

// A route whose handler is a method.
template <class Handler>
std::function<void(const HttpRequest&, Responder)> Serve(const Handler& handler,
                                                         void (Handler::*method)(const HttpRequest&,
                                                                                 Responder) const) {
  return [&handler, method](const HttpRequest& request, Responder responder) {
    (handler.*method)(request, std::move(responder));
  };
}

}  // namespace

std::vector<Route> Gateway::Routes() {
  const auto admit_put = [this](const HttpRequest& request) { return keys_.AdmitPut(request); };
  const auto admit_batch = [this](const HttpRequest& request) { return batch_.Admit(request); };
  using Method = HttpMethod;
  return {
      {Method::kGet, "/api/v1/keys/{key}", nullptr, Serve(keys_, &KeysHandler::Get)},
      {Method::kPut, "/api/v1/keys/{key}", admit_put, Serve(keys_, &KeysHandler::Put)},
      {Method::kDelete, "/api/v1/keys/{key}", nullptr, Serve(keys_, &KeysHandler::Delete)},
      {Method::kPost, "/api/v1/keys:batchGet", admit_batch, Serve(batch_, &BatchHandler::Get)},
      {Method::kPost, "/api/v1/keys:batchPut", admit_batch, Serve(batch_, &BatchHandler::Put)},
      {Method::kPost, "/api/v1/keys:batchDelete", admit_batch,
       Serve(batch_, &BatchHandler::Delete)},
      {Method::kGet, "/api/v1/locate/{key}", nullptr, Serve(locate_, &LocateHandler::Get)},
      {Method::kGet, "/ping", nullptr, Serve(ops_, &OpsHandler::Ping)},
      {Method::kGet, "/status", nullptr, Serve(status_, &StatusHandler::Get)},
      {Method::kGet, "/livez", nullptr, Serve(ops_, &OpsHandler::Live)},
      {Method::kGet, "/readyz", nullptr, Serve(ops_, &OpsHandler::Ready)},
      {Method::kGet, "/metrics", nullptr, Serve(ops_, &OpsHandler::Metrics)},
      {Method::kGet, "/", nullptr, Serve(web_, &WebHandler::Page)},
      {Method::kGet, "/docs", nullptr, Serve(web_, &WebHandler::Docs)},
      {Method::kGet, "/openapi.json", nullptr, Serve(web_, &WebHandler::OpenApi)},
      {Method::kGet, "/assets/{file}", nullptr, Serve(web_, &WebHandler::Asset)},
  };
}

Gateway::Gateway(const GatewayConfig& config)
    : config_(config),
      upstream_metrics_(registry_),
      upstream_({config_.servers, config_.http.threads, &upstream_metrics_}),
      keys_(&upstream_, &config_.handlers),
      batch_(&upstream_, &config_.handlers),
      status_(&upstream_, &config_.handlers),
      locate_(&upstream_, &config_.handlers),
      ops_(&upstream_, &registry_, &draining_),
      router_(Routes()),
      metrics_(registry_, router_.routes(), config_.slow_request) {}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewayConfig& config) {
  std::unique_ptr<Gateway> gateway(new Gateway(config));
  auto server = HttpServer::Start(config.http, &gateway->router_, &gateway->metrics_);
  if (!server.ok()) return server.status();
  gateway->server_ = *std::move(server);
  spdlog::info("gateway is listening address={}:{} servers=\"{}\" threads={}",
               config.http.address.host, gateway->port(), absl::StrJoin(config.servers, ","),
               config.http.threads);
  return gateway;
}

Gateway::~Gateway() {
  // Calls under way hold answers that go to the server's connections: they end first.
  upstream_.Stop();
}

void Gateway::Drain() {
  draining_ = true;
  server_->BeginDrain();
  spdlog::info("draining: not ready any more delay=\"{}\"",
               absl::FormatDuration(config_.drain_delay));
  absl::SleepFor(config_.drain_delay);
  server_->StopAccepting();
  if (server_->AwaitConnections(config_.drain_time)) {
    spdlog::info("drained: all requests are answered");
  } else {
    spdlog::warn("not drained in time: connections are cut limit=\"{}\"",
                 absl::FormatDuration(config_.drain_time));
  }
}

}  // namespace kache::gateway
