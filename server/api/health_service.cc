#include "server/api/health_service.h"

#include "base/clock.h"
#include "server/api/answer.h"
#include "server/api/rpc_metrics.h"

namespace kache {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthService::HealthService(const CallPolicy& policy, prometheus::Registry& registry)
    : policy_(policy), registry_(registry), board_(policy.access, registry) {}

void HealthService::Listen(CallQueue& queue) {
  UnaryMethod<HealthCheckRequest, HealthCheckResponse> check{
      .path = "/grpc.health.v1.Health/Check",
      .request =
          [this](auto* context, auto* request, auto* writer, auto* grpc_queue, void* tag) {
            service_.RequestCheck(context, request, writer, grpc_queue, grpc_queue, tag);
          },
      .check = {},
      .operations = {},
      .text_bytes = {},
      .unstamped = {},
      .serve = [this](const HealthCheckRequest& request, MonotonicTime,
                      HealthCheckResponse& response,
                      Answer& answer) { answer.Finish(Check(request, response)); },
      .metrics = RpcMetrics("Health.Check", Via::kUnary, registry_)};
  endpoints_.push_back(std::make_unique<UnaryEndpoint<HealthCheckRequest, HealthCheckResponse>>(
      std::move(check), policy_, queue));
  queue.AddWaiting({.path = "/grpc.health.v1.Health/Watch", .places = 1});
  HealthWatch::Accept(service_, board_, queue);
}

absl::Status HealthService::Check(const HealthCheckRequest& request,
                                  HealthCheckResponse& response) {
  const std::lock_guard lock(board_.mutex);
  const auto found = board_.states.find(request.service());
  if (found == board_.states.end()) return absl::NotFoundError("no service of that name");
  response.set_status(found->second);
  return absl::OkStatus();
}

void HealthService::Set(const std::string& service, bool serving) {
  const std::lock_guard lock(board_.mutex);
  board_.states[service] =
      serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  for (HealthWatch* watch : board_.watches) watch->Continue();
}

void HealthService::CloseWatches() {
  const std::lock_guard lock(board_.mutex);
  board_.closed = true;
  for (HealthWatch* watch : board_.watches) watch->Continue();
}

}  // namespace kache
