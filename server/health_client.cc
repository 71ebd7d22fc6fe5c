#include "server/health_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <memory>

#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace kache {

namespace health = grpc::health::v1;

namespace {

std::shared_ptr<grpc::ChannelCredentials> Credentials(const TlsFiles& tls) {
  using grpc::experimental::FileWatcherCertificateProvider;
  constexpr unsigned kRefreshSeconds = 60;
  if (tls.cert_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  if (!tls.ca_file.empty()) {
    options.set_certificate_provider(std::make_shared<FileWatcherCertificateProvider>(
        tls.key_file, tls.cert_file, kRefreshSeconds));
    options.watch_identity_key_cert_pairs();
  }
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

absl::StatusOr<std::string> AskHealth(const HostPort& server, const std::string& service,
                                      absl::Duration timeout, const TlsFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // the server is on this machine
  auto stub = health::Health::NewStub(
      grpc::CreateCustomChannel(server.ToString(), Credentials(tls), arguments));
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
