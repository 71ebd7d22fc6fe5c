#include "gateway/gateway.h"

#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/grpc_log.h"
#include "spdlog/spdlog.h"

namespace kache::gateway {
namespace {

// A route whose handler is a method.
template <class Handler, class Request>
std::function<void(HttpRequest&, Responder)> Serve(const Handler& handler,
                                                   void (Handler::*method)(Request&, Responder)
                                                       const) {
  return [&handler, method](HttpRequest& request, Responder responder) {
    (handler.*method)(request, std::move(responder));
  };
}

}  // namespace

std::vector<Route> Gateway::Routes() {
  const auto admit_put = [this](const HttpRequest& request) { return keys_.AdmitPut(request); };
  const auto admit_touch = [this](const HttpRequest& request) { return keys_.AdmitTouch(request); };
  const auto admit_lease = [this](const HttpRequest& request) { return keys_.AdmitLease(request); };
  const auto admit_batch = [this](const HttpRequest& request) { return batch_.Admit(request); };
  using Method = HttpMethod;
  constexpr Role kOpen = Role::kNone;
  constexpr Role kRead = Role::kRead;
  constexpr Role kWrite = Role::kWrite;
  return {
      {Method::kGet, "/api/v1/keys/{key}", nullptr, Serve(keys_, &KeysHandler::Get), kRead},
      {Method::kPut, "/api/v1/keys/{key}", admit_put, Serve(keys_, &KeysHandler::Put), kWrite},
      {Method::kDelete, "/api/v1/keys/{key}", nullptr, Serve(keys_, &KeysHandler::Delete), kWrite},
      {Method::kPost, "/api/v1/keys/{key}:touch", admit_touch, Serve(keys_, &KeysHandler::Touch),
       kWrite},
      {Method::kPost, "/api/v1/keys/{key}:lease", admit_lease, Serve(keys_, &KeysHandler::Lease),
       kWrite},
      {Method::kPost, "/api/v1/keys:batchGet", admit_batch, Serve(batch_, &BatchHandler::Get),
       kRead},
      {Method::kPost, "/api/v1/keys:batchPut", admit_batch, Serve(batch_, &BatchHandler::Put),
       kWrite},
      {Method::kPost, "/api/v1/keys:batchDelete", admit_batch, Serve(batch_, &BatchHandler::Delete),
       kWrite},
      {Method::kGet, "/api/v1/locate/{key}", nullptr, Serve(locate_, &LocateHandler::Get), kRead},
      {Method::kGet, "/ping", nullptr, Serve(ops_, &OpsHandler::Ping), kOpen},
      {Method::kGet, "/status", nullptr, Serve(status_, &StatusHandler::Get), kRead},
      {Method::kGet, "/livez", nullptr, Serve(ops_, &OpsHandler::Live), kOpen},
      {Method::kGet, "/readyz", nullptr, Serve(ops_, &OpsHandler::Ready), kOpen},
      {Method::kGet, "/metrics", nullptr, Serve(ops_, &OpsHandler::Metrics), kRead},
      {Method::kGet, "/", nullptr, Serve(web_, &WebHandler::Page), kRead},
      {Method::kGet, "/docs", nullptr, Serve(web_, &WebHandler::Docs), kRead},
      {Method::kGet, "/openapi.json", nullptr, Serve(web_, &WebHandler::OpenApi), kRead},
      {Method::kGet, "/assets/{file}", nullptr, Serve(web_, &WebHandler::Asset), kRead},
  };
}

Gateway::Gateway(const GatewayConfig& config, const ChannelSecurity& security,
                 std::unique_ptr<prometheus::Registry> registry,
                 std::unique_ptr<AccessControl> access)
    : config_(config),
      registry_owner_(std::move(registry)),
      registry_(*registry_owner_),
      access_(std::move(access)),
      upstream_metrics_(registry_),
      transport_({.servers = config_.servers,
                  .security = security,
                  .lanes = config_.http.threads,
                  .max_buffer_bytes = config_.max_upstream_bytes,
                  .observer = &upstream_metrics_}),
      upstream_(&transport_, &names_),
      keys_(&upstream_, &config_.handlers, &names_),
      batch_(&upstream_, &config_.handlers, &names_, access_.get()),
      status_(&upstream_, &config_.handlers),
      locate_(&upstream_, &config_.handlers, &names_),
      ops_(&upstream_, &registry_, &draining_,
           [this] {
             metrics_.PublishGauges();
             log_loss_.Publish();
           }),
      router_(Routes(), access_.get(), AllowedHosts(config_.allowed_hosts)),
      metrics_(registry_, router_.routes(), config_.slow_request),
      log_loss_(registry_) {}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const GatewayConfig& config) {
  RouteGrpcLog();
  const absl::StatusOr<ChannelSecurity> security = ChannelSecurity::Make(config.upstream);
  if (!security.ok()) return security.status();
  auto registry = std::make_unique<prometheus::Registry>();
  auto access = AccessControl::Start(config.access, *registry);
  if (!access.ok()) return access.status();
  if (!(*access)->asks_for_tokens() && !security->authorization().empty()) {
    spdlog::warn(
        "everybody who reaches this gateway acts with its token: TOKENS_FILE is not set, "
        "KACHE_TOKEN or KACHE_TOKEN_FILE is");
  }
  std::unique_ptr<Gateway> gateway(
      new Gateway(config, *security, std::move(registry), *std::move(access)));
  auto server = HttpServer::Start(config.http, &gateway->router_, &gateway->metrics_);
  if (!server.ok()) return server.status();
  gateway->server_ = *std::move(server);
  spdlog::info(
      "gateway is listening address={}:{} servers=\"{}\" threads={} max_http_connections={} "
      "max_http_buffer_bytes={} max_upstream_buffer_bytes={}",
      config.http.address.host, gateway->port(), absl::StrJoin(config.servers, ","),
      config.http.threads, config.http.max_connections, config.http.max_buffered_bytes,
      config.max_upstream_bytes);
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
