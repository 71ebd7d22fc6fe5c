// OpenSSL's contexts, made of PEM files. TLS 1.2 at least.
//
// Thread-safe. Include it in .cc files only: it names OpenSSL's types.
#ifndef KACHE_SECURITY_TLS_CONTEXT_H_
#define KACHE_SECURITY_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "security/file_watch.h"
#include "security/tls_files.h"

namespace kache {

struct FreeSslContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSslContext>;

// Clients must show a certificate where files.ca_file is set. `contents`: of files.paths().
// INVALID_ARGUMENT as CheckTlsFiles.
absl::StatusOr<SslContext> MakeServerTls(const TlsFiles& files, const FileContents& contents);

// The server's certificate must come from files.ca_file, or from the system's authorities where
// that is not set. Whoever uses the context says whose it must be (ExpectServer).
absl::StatusOr<SslContext> MakeClientTls(const TlsFiles& files, const FileContents& contents);

// The certificate that `ssl`, a client, is shown must be for `host`: a name, which is also sent to
// the server, or a numeric address. Before the handshake.
void ExpectServer(SSL* ssl, const std::string& host);

}  // namespace kache

#endif  // KACHE_SECURITY_TLS_CONTEXT_H_
