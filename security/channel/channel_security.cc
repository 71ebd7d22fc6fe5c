#include "security/channel/channel_security.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/client_interceptor.h"
#include "security/tls_files.h"

namespace kache {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// Not gRPC's call credentials: those refuse to travel on plain connections, which a network that
// is private, or encrypted below us, may well use.
class TokenInterceptor final : public Interceptor {
 public:
  explicit TokenInterceptor(std::shared_ptr<const OwnToken> token) : token_(std::move(token)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", token_->authorization());
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<const OwnToken> token_;
};

class TokenInterceptorFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptorFactory(std::shared_ptr<const OwnToken> token)
      : token_(std::move(token)) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override {
    return new TokenInterceptor(token_);  // gRPC's
  }

 private:
  const std::shared_ptr<const OwnToken> token_;
};

std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const ChannelSecurityOptions& options) {
  using grpc::experimental::FileWatcherCertificateProvider;
  constexpr unsigned kRefreshSeconds = 1;
  grpc::experimental::TlsChannelCredentialsOptions tls;
  if (options.tls_cert_file.empty()) {
    tls.set_certificate_provider(
        std::make_shared<FileWatcherCertificateProvider>(options.tls_ca_file, kRefreshSeconds));
  } else {
    tls.set_certificate_provider(std::make_shared<FileWatcherCertificateProvider>(
        options.tls_key_file, options.tls_cert_file, options.tls_ca_file, kRefreshSeconds));
    tls.watch_identity_key_cert_pairs();
  }
  tls.watch_root_certs();
  return grpc::experimental::TlsCredentials(tls);
}

}  // namespace

ChannelSecurityOptions ReadChannelSecurity(SettingsReader& reader) {
  ChannelSecurityOptions options;
  options.token = reader.Secret("KACHE_TOKEN");
  options.token_file = reader.FilePath("KACHE_TOKEN_FILE");
  options.tls_ca_file = reader.FilePath("KACHE_TLS_CA_FILE");
  options.tls_cert_file = reader.FilePath("KACHE_TLS_CERT_FILE");
  options.tls_key_file = reader.FilePath("KACHE_TLS_KEY_FILE");
  if (!options.token.empty() && !options.token_file.empty()) {
    reader.AddMistake("KACHE_TOKEN", "must not be set together with KACHE_TOKEN_FILE");
  }
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    reader.AddMistake("KACHE_TLS_CERT_FILE", "must be set together with KACHE_TLS_KEY_FILE");
  }
  if (!options.tls_cert_file.empty() && options.tls_ca_file.empty()) {
    reader.AddMistake("KACHE_TLS_CERT_FILE", "needs KACHE_TLS_CA_FILE, which turns TLS on");
  }
  return options;
}

ChannelSecurity::ChannelSecurity() : credentials_(grpc::InsecureChannelCredentials()) {}

absl::StatusOr<ChannelSecurity> ChannelSecurity::Make(const ChannelSecurityOptions& options) {
  ChannelSecurity security;
  if (!options.token.empty() || !options.token_file.empty()) {
    absl::StatusOr<std::shared_ptr<OwnToken>> token = options.token_file.empty()
                                                          ? OwnToken::FromText(options.token)
                                                          : OwnToken::FromFile(options.token_file);
    if (!token.ok()) return token.status();
    security.token_ = *std::move(token);
  }
  if (options.tls_ca_file.empty()) return security;
  const absl::Status files = CheckTlsFiles({.cert_file = options.tls_cert_file,
                                            .key_file = options.tls_key_file,
                                            .ca_file = options.tls_ca_file});
  if (!files.ok()) return files;
  security.credentials_ = TlsCredentials(options);
  return security;
}

std::shared_ptr<grpc::Channel> ChannelSecurity::Connect(
    const std::string& target, const grpc::ChannelArguments& arguments) const {
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  if (token_) interceptors.push_back(std::make_unique<TokenInterceptorFactory>(token_));
  return grpc::experimental::CreateCustomChannelWithInterceptors(target, credentials_, arguments,
                                                                 std::move(interceptors));
}

}  // namespace kache
