#include "security/password_file.h"

#include <utility>

#include "base/strings.h"
#include "spdlog/spdlog.h"

namespace kache {

absl::StatusOr<std::string> PasswordIn(const absl::StatusOr<std::string>& content,
                                       const std::string& path) {
  if (!content.ok()) return content.status();
  std::string password = *content;
  while (password.ends_with('\n') || password.ends_with('\r')) password.pop_back();
  if (password.empty()) return absl::InvalidArgumentError(Concat(path, ": holds no password"));
  return password;
}

absl::StatusOr<std::shared_ptr<PasswordFile>> PasswordFile::Start(const std::string& path,
                                                                  absl::Duration watch_interval) {
  std::shared_ptr<PasswordFile> file(new PasswordFile(path));
  if (absl::Status status = file->Load(file->watch_.Read()); !status.ok()) return status;
  file->watch_.Start([raw = file.get()](const FileContents& contents) { raw->Reload(contents); },
                     watch_interval);
  return file;
}

std::string PasswordFile::password() const {
  const std::lock_guard lock(mutex_);
  return password_;
}

absl::Status PasswordFile::Load(const FileContents& contents) {
  absl::StatusOr<std::string> password = PasswordIn(contents.front(), path_);
  if (!password.ok()) return password.status();
  const std::lock_guard lock(mutex_);
  password_ = *std::move(password);
  return absl::OkStatus();
}

void PasswordFile::Reload(const FileContents& contents) {
  const absl::Status status = Load(contents);
  if (status.ok()) {
    spdlog::info("a password of Redis was read again file={}", path_);
  } else {
    spdlog::warn("a file with a password of Redis is wrong; the one before stays reason=\"{}\"",
                 std::string(status.message()));
  }
}

}  // namespace kache
