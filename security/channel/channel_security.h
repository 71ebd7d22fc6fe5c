// How a program of Kache is known to Kache servers, and how it knows them: its token, and TLS.
//
//   ChannelSecurityOptions options = ReadChannelSecurity(reader);   // KACHE_TOKEN, ...
//   absl::StatusOr<ChannelSecurity> security = ChannelSecurity::Make(options);
//   std::shared_ptr<grpc::Channel> channel = security->Connect("dns:///cache:50051", arguments);
//
// Every call of such a channel carries the token, as it is at that moment.
//
// Thread-safe; copies share the token and the files' watch.
#ifndef KACHE_SECURITY_CHANNEL_CHANNEL_SECURITY_H_
#define KACHE_SECURITY_CHANNEL_CHANNEL_SECURITY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/settings.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "security/channel/own_token.h"

namespace kache {

struct ChannelSecurityOptions {
  std::string token;       // at most one of the two
  std::string token_file;  // see OwnToken::FromFile
  // PEM files, read again when they change. The authorities that the servers' certificates must
  // come from; empty = no TLS. The pair is what servers that ask for one are shown.
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
};

// KACHE_TOKEN, KACHE_TOKEN_FILE, KACHE_TLS_CA_FILE, KACHE_TLS_CERT_FILE, KACHE_TLS_KEY_FILE.
// Mistakes are the reader's.
ChannelSecurityOptions ReadChannelSecurity(SettingsReader& reader);

class ChannelSecurity {
 public:
  // Plain connections without a token.
  ChannelSecurity();
  // INVALID_ARGUMENT says which file is wrong, and why.
  static absl::StatusOr<ChannelSecurity> Make(const ChannelSecurityOptions& options);

  std::shared_ptr<grpc::Channel> Connect(const std::string& target,
                                         const grpc::ChannelArguments& arguments) const;

  // "Bearer ..."; empty without a token.
  std::string authorization() const { return token_ ? token_->authorization() : std::string(); }

 private:
  std::shared_ptr<OwnToken> token_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
};

}  // namespace kache

#endif  // KACHE_SECURITY_CHANNEL_CHANNEL_SECURITY_H_
