#include "security/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
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

// What a file of PEM texts holds, to be read piece by piece.
class PemReader {
 public:
  explicit PemReader(std::string_view text)
      : text_(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free) {}

  // The next one; nullptr = there is none.
  std::unique_ptr<X509, decltype(&X509_free)> NextCertificate() {
    return {PEM_read_bio_X509(text_.get(), nullptr, kNoPassphrase, nullptr), X509_free};
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> Key() {
    return {PEM_read_bio_PrivateKey(text_.get(), nullptr, kNoPassphrase, nullptr), EVP_PKEY_free};
  }

  // Whether what was read last was nullptr since the text had ended, and not since it is wrong.
  static bool IsAtEnd() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

 private:
  // An encrypted key must not make the process ask for its passphrase on a terminal.
  static constexpr pem_password_cb* kNoPassphrase = [](char*, int, int, void*) { return -1; };

  const std::unique_ptr<BIO, decltype(&BIO_free)> text_;
};

// The certificate and those between it and its authority.
bool UseChain(SSL_CTX* context, std::string_view text) {
  PemReader reader(text);
  const auto own = reader.NextCertificate();
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const auto next = reader.NextCertificate()) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  }
  return PemReader::IsAtEnd();
}

bool UseKey(SSL_CTX* context, std::string_view text) {
  const auto key = PemReader(text).Key();
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

// Clients are told the names of the authorities.
bool TrustAuthorities(SSL_CTX* context, std::string_view text) {
  PemReader reader(text);
  bool any = false;
  while (const auto next = reader.NextCertificate()) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1) return false;
    if (SSL_CTX_add_client_CA(context, next.get()) != 1) return false;
    any = true;
  }
  return any && PemReader::IsAtEnd();
}

struct Part {
  const std::string& path;  // empty = not set
  bool (*use)(SSL_CTX* context, std::string_view text);
  std::string_view mistake;
};

absl::Status UseFiles(SSL_CTX* context, const TlsFiles& files, const FileContents& contents) {
  const Part parts[] = {
      {files.cert_file, UseChain, "no certificate in PEM form can be read from it"},
      {files.key_file, UseKey,
       "no private key in PEM form, without a passphrase and of the certificate, can be read from "
       "it"},
      {files.ca_file, TrustAuthorities,
       "no certificates of authorities in PEM form can be read from it"},
  };
  auto content = contents.begin();
  for (const Part& part : parts) {
    if (part.path.empty()) continue;
    const absl::StatusOr<std::string>& text = *content++;
    if (!text.ok()) return text.status();
    ERR_clear_error();
    if (!part.use(context, *text)) return Wrong(part.path, part.mistake);
  }
  return absl::OkStatus();
}

absl::StatusOr<SslContext> Make(const SSL_METHOD* method, const TlsFiles& files,
                                const FileContents& contents) {
  SslContext context(SSL_CTX_new(method));
  if (!context) return absl::ResourceExhaustedError("no memory for TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Buffers of idle connections are given back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  absl::Status status = UseFiles(context.get(), files, contents);
  ERR_clear_error();
  if (!status.ok()) return status;
  return context;
}

bool IsAddress(const std::string& host) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

}  // namespace

absl::StatusOr<SslContext> MakeServerTls(const TlsFiles& files, const FileContents& contents) {
  absl::StatusOr<SslContext> context = Make(TLS_server_method(), files, contents);
  if (!context.ok()) return context;
  SSL_CTX* const raw = context->get();
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof(kSessionContext) - 1);
  if (!files.ca_file.empty()) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

absl::StatusOr<SslContext> MakeClientTls(const TlsFiles& files, const FileContents& contents) {
  absl::StatusOr<SslContext> context = Make(TLS_client_method(), files, contents);
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
  // A dot at the end is for DNS only (RFC 6066, section 3).
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, name.c_str());
  SSL_set_tlsext_host_name(ssl, name.c_str());
}

absl::Status CheckTlsFiles(const TlsFiles& files) {
  for (const std::string& path : files.paths()) {
    if (!IsPipe(path)) continue;
    return absl::InvalidArgumentError(
        Concat(path, ": must be a file, not a pipe: gRPC reads it again every second"));
  }
  return MakeServerTls(files, ReadSmallFiles(files.paths())).status();
}

std::vector<std::string> TlsFiles::paths() const {
  std::vector<std::string> set;
  for (const std::string& path : {cert_file, key_file, ca_file}) {
    if (!path.empty()) set.push_back(path);
  }
  return set;
}

}  // namespace kache
