#include "security/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/strings.h"

namespace kache {
namespace {

constexpr unsigned char kSessionContext[] = "kache";

absl::Status Wrong(const std::string& path, std::string_view what) {
  const unsigned long error = ERR_peek_last_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  ERR_clear_error();
  return absl::InvalidArgumentError(
      Concat(path, ": ", what, reason == nullptr ? "" : Concat(" (", reason, ")")));
}

absl::Status UsePair(SSL_CTX* context, const TlsFiles& files) {
  if (files.cert_file.empty()) return absl::OkStatus();
  if (SSL_CTX_use_certificate_chain_file(context, files.cert_file.c_str()) != 1) {
    return Wrong(files.cert_file, "no certificate in PEM form can be read from it");
  }
  // An encrypted key must not make the process ask for its passphrase on a terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Wrong(files.key_file,
                 "no private key in PEM form, without a passphrase and of the certificate, can be "
                 "read from it");
  }
  return absl::OkStatus();
}

absl::Status TrustAuthorities(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) return absl::OkStatus();
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1) {
    return absl::OkStatus();
  }
  return Wrong(ca_file, "no certificates of authorities in PEM form can be read from it");
}

absl::StatusOr<SslContext> Make(const SSL_METHOD* method, const TlsFiles& files) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(method));
  if (!context) return absl::ResourceExhaustedError("no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Buffers of idle connections are given back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (absl::Status status = UsePair(context.get(), files); !status.ok()) return status;
  if (absl::Status status = TrustAuthorities(context.get(), files.ca_file); !status.ok()) {
    return status;
  }
  return context;
}

bool IsAddress(const std::string& host) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

}  // namespace

absl::StatusOr<SslContext> MakeServerTls(const TlsFiles& files) {
  absl::StatusOr<SslContext> context = Make(TLS_server_method(), files);
  if (!context.ok()) return context;
  SSL_CTX* const raw = context->get();
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext) - 1);
  if (!files.ca_file.empty()) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(files.ca_file.c_str()));
  }
  return context;
}

absl::StatusOr<SslContext> MakeClientTls(const TlsFiles& files) {
  absl::StatusOr<SslContext> context = Make(TLS_client_method(), files);
  if (!context.ok()) return context;
  if (files.ca_file.empty()) SSL_CTX_set_default_verify_paths(context->get());
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

void ExpectServer(SSL* ssl, const std::string& host) {
  if (IsAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

absl::Status CheckTlsFiles(const TlsFiles& files) { return MakeServerTls(files).status(); }

std::vector<std::string> TlsFiles::paths() const {
  std::vector<std::string> set;
  for (const std::string& path : {cert_file, key_file, ca_file}) {
    if (!path.empty()) set.push_back(path);
  }
  return set;
}

}  // namespace kache
