#include "server/health_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>

#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace kache {

namespace health = grpc::health::v1;

absl::StatusOr<std::string> AskHealth(const HostPort& server, const std::string& service,
                                      absl::Duration timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the server is on this machine
  auto stub = health::Health::NewStub(
      grpc::CreateCustomChannel(server.ToString(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  health::HealthCheckRequest request;
  request.set_service(service);
  health::HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, request, &response);
  if (!status.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  return health::HealthCheckResponse::ServingStatus_Name(response.status());
}

}  // namespace kache
