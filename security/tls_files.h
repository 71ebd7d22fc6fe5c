// PEM files for TLS.
#ifndef KACHE_SECURITY_TLS_FILES_H_
#define KACHE_SECURITY_TLS_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace kache {

struct TlsFiles {
  std::string cert_file;  // our certificate, followed by those between it and its authority
  std::string key_file;   // its private key, without a passphrase
  // Authorities that the other side's certificate must come from. A server that has none asks its
  // clients for no certificate.
  std::string ca_file;

  // Those that are set.
  std::vector<std::string> paths() const;
};

// Whether gRPC can use them: they can be read again and again, hold what they should, and fit
// together. Files that are not set are passed over. INVALID_ARGUMENT names the file; no message
// carries anything of a key.
absl::Status CheckTlsFiles(const TlsFiles& files);

}  // namespace kache

#endif  // KACHE_SECURITY_TLS_FILES_H_
