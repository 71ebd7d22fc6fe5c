// The certificates of one side of TLS connections: read again when the files change. Connections
// that are open keep what they began with.
//
// Thread-safe.
#ifndef KACHE_SECURITY_CERTIFICATES_H_
#define KACHE_SECURITY_CERTIFICATES_H_

#include <memory>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "security/file_watch.h"
#include "security/tls_files.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace kache {

enum class TlsSide { kServer, kClient };

class Certificates {
 public:
  // INVALID_ARGUMENT when a file is wrong. One that is wrong later is warned of, and the
  // certificates before stay. `whose` is for the log: "the HTTP port".
  static absl::StatusOr<std::unique_ptr<Certificates>> Start(TlsSide side, const TlsFiles& files,
                                                             std::string whose);

  // For a new connection. Shared: older connections may still use an older one.
  std::shared_ptr<ssl_ctx_st> context() const;

 private:
  Certificates(TlsSide side, const TlsFiles& files, std::string whose);
  absl::Status Load(const FileContents& contents);
  void Reload(const FileContents& contents);

  const TlsSide side_;
  const TlsFiles files_;
  const std::string whose_;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_ ABSL_GUARDED_BY(mutex_);
  FileWatch watch_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_CERTIFICATES_H_
