#include "security/certificates.h"

#include <utility>

#include "security/tls_context.h"
#include "spdlog/spdlog.h"

namespace kache {

Certificates::Certificates(TlsSide side, const TlsFiles& files, std::string whose)
    : side_(side), files_(files), whose_(std::move(whose)), watch_(files.paths()) {}

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Start(TlsSide side,
                                                                  const TlsFiles& files,
                                                                  std::string whose) {
  std::unique_ptr<Certificates> certificates(new Certificates(side, files, std::move(whose)));
  if (absl::Status status = certificates->Load(certificates->watch_.Read()); !status.ok()) {
    return status;
  }
  certificates->watch_.Start(
      [raw = certificates.get()](const FileContents& contents) { raw->Reload(contents); });
  return certificates;
}

std::shared_ptr<ssl_ctx_st> Certificates::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

absl::Status Certificates::Load(const FileContents& contents) {
  absl::StatusOr<SslContext> made =
      side_ == TlsSide::kServer ? MakeServerTls(files_, contents) : MakeClientTls(files_, contents);
  if (!made.ok()) return made.status();
  const std::lock_guard lock(mutex_);
  context_ = *std::move(made);
  return absl::OkStatus();
}

void Certificates::Reload(const FileContents& contents) {
  const absl::Status status = Load(contents);
  if (status.ok()) {
    spdlog::info("certificates were read again of=\"{}\"", whose_);
  } else {
    spdlog::warn("new certificates are wrong; those before stay of=\"{}\" reason=\"{}\"", whose_,
                 std::string(status.message()));
  }
}

}  // namespace kache
