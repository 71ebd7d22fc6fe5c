#include "server/api/grpc_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace kache {
namespace {

// Dead connections are found, and clients may look for dead servers, also without calls.
constexpr int kKeepaliveMs = 30000;
constexpr int kKeepaliveTimeoutMs = 10000;
constexpr int kClientPingIntervalMs = 9000;  // 10 s, with room for a timer that is early

// From a connection's beginning until it has spoken TLS, where that is asked for, and sent HTTP/2's
// preface and settings.
constexpr int kHandshakeTimeoutMs = 10000;

std::shared_ptr<grpc::ServerCredentials> Credentials(const TlsFiles& files) {
  if (files.cert_file.empty()) return grpc::InsecureServerCredentials();
  using grpc::experimental::FileWatcherCertificateProvider;
  constexpr unsigned kRefreshSeconds = 1;
  grpc::experimental::TlsServerCredentialsOptions options(
      files.ca_file.empty() ? std::make_shared<FileWatcherCertificateProvider>(
                                  files.key_file, files.cert_file, kRefreshSeconds)
                            : std::make_shared<FileWatcherCertificateProvider>(
                                  files.key_file, files.cert_file, files.ca_file, kRefreshSeconds));
  options.watch_identity_key_cert_pairs();
  if (!files.ca_file.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

void SetLimits(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_receive_bytes));
  grpc::ResourceQuota quota("kache");
  quota.Resize(options.memory_bytes);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 1);  // what CallCensus reads
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
}

void SetConnectionArguments(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kClientPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  if (options.max_connection_age > absl::ZeroDuration()) {
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_MS,
        static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age)));
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
        static_cast<int>(absl::ToInt64Milliseconds(options.connection_age_grace)));
  }
}

using Connections = grpc::experimental::ExternalConnectionAcceptor;

// Hands a connection to gRPC, which reads it at once, and goes on reading for as long as its client
// goes on sending. So it is done on a queue's thread, where gRPC reads all others, and the
// acceptor's thread stays free.
class HandOver final : public Posted {
 public:
  // What it refers to outlives it. The connection is closed where `accepting` is false by then.
  HandOver(UniqueFd socket, const std::atomic<bool>& accepting, Connections& connections)
      : socket_(std::move(socket)), accepting_(accepting), connections_(connections) {}

  void RunPosted() override {
    const std::unique_ptr<HandOver> self(this);
    if (!accepting_) return;
    Connections::NewConnectionParameters connection;
    connection.fd = socket_.Release();
    connections_.HandleNewConnection(&connection);
  }

 private:
  UniqueFd socket_;
  const std::atomic<bool>& accepting_;
  Connections& connections_;
};

}  // namespace

absl::StatusOr<ListeningSockets> GrpcServer::Listen(const GrpcServerOptions& options) {
  if (absl::Status files = CheckTlsFiles(options.tls); !files.ok()) return files;
  return ListenOn(options.address, absl::Milliseconds(kKeepaliveTimeoutMs));
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Build(
    ListeningSockets listening, const GrpcServerOptions& options,
    const std::vector<grpc::Service*>& services, prometheus::Registry& registry) {
  auto result = std::unique_ptr<GrpcServer>(new GrpcServer());
  grpc::ServerBuilder builder;
  SetLimits(builder, options);
  SetConnectionArguments(builder, options);
  for (grpc::Service* service : services) builder.RegisterService(service);
  result->connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      Credentials(options.tls));
  for (size_t i = 0; i < options.threads; ++i) {
    result->queues_.push_back(std::make_unique<CallQueue>(builder.AddCompletionQueue()));
  }
  result->server_ = builder.BuildAndStart();
  if (result->server_ == nullptr) {
    return absl::UnavailableError("gRPC does not start; the log has its reason");
  }
  result->channelz_id_ = LatestGrpcServer();
  result->port_ = listening.port;
  result->acceptor_ = std::make_unique<ConnectionAcceptor>(
      std::move(listening),
      ConnectionAcceptor::Options{.max_connections = options.max_connections,
                                  .encrypted = !options.tls.cert_file.empty(),
                                  .max_calls = options.max_calls,
                                  .memory_sum_bytes = options.memory_sum_bytes,
                                  .max_buffer_bytes = options.memory_bytes},
      registry);
  return result;
}

void GrpcServer::Start() {
  for (size_t i = 0; i < queues_.size(); ++i) queues_[i]->Start(Concat("grpc-", i));
  accepting_ = true;
  acceptor_->Start(
      [this, next = size_t{0}](UniqueFd socket) mutable {
        queues_[next++ % queues_.size()]->Post(
            new HandOver(std::move(socket), accepting_, *connections_));
      },
      CallCensus(channelz_id_),
      [this] {
        std::vector<QueueWork> work;
        for (const auto& queue : queues_) work.push_back(queue->work());
        return work;
      },
      std::make_unique<WaitingCalls>(
          [this] { return server_->InProcessChannel(grpc::ChannelArguments()); },
          queues_.front()->waiting(), queues_.size()));
}

void GrpcServer::Shutdown(absl::Time deadline) {
  acceptor_->Stop();
  accepting_ = false;  // gRPC would lose the connections that it is handed from here on
  server_->Shutdown(absl::ToChronoTime(deadline));
}

void GrpcServer::CloseQueues() {
  for (const auto& queue : queues_) queue->Close();
}

void GrpcServer::JoinQueues() {
  for (const auto& queue : queues_) queue->Join();
}

}  // namespace kache
