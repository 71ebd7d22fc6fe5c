// A password that stands in a file, which is read again when it changes: connections that are made
// from then on use the new one.
//
// Thread-safe. No message carries the password.
#ifndef KACHE_SECURITY_PASSWORD_FILE_H_
#define KACHE_SECURITY_PASSWORD_FILE_H_

#include <memory>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "security/file_watch.h"

namespace kache {

// The password of a file that holds it alone: line ends at its end do not count. INVALID_ARGUMENT
// when there is none.
absl::StatusOr<std::string> PasswordIn(const absl::StatusOr<std::string>& content,
                                       const std::string& path);

class PasswordFile {
 public:
  // INVALID_ARGUMENT when it can't be read or is empty. A file that is wrong later is warned of,
  // and the password before stays.
  static absl::StatusOr<std::shared_ptr<PasswordFile>> Start(
      const std::string& path, absl::Duration watch_interval = absl::Seconds(1));

  std::string password() const;

 private:
  explicit PasswordFile(const std::string& path) : path_(path), watch_({path}) {}
  absl::Status Load(const FileContents& contents);
  void Reload(const FileContents& contents);

  const std::string path_;
  mutable std::mutex mutex_;
  std::string password_ ABSL_GUARDED_BY(mutex_);
  FileWatch watch_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_PASSWORD_FILE_H_
