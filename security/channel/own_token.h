// The token by which this process is known to the Kache servers: given as it is, or in a file that
// is read again when it changes.
//
// Thread-safe. No message carries the token.
#ifndef KACHE_SECURITY_CHANNEL_OWN_TOKEN_H_
#define KACHE_SECURITY_CHANNEL_OWN_TOKEN_H_

#include <memory>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "security/file_watch.h"

namespace kache {

class OwnToken {
 public:
  // INVALID_ARGUMENT when it can't be a token (see IsToken).
  static absl::StatusOr<std::shared_ptr<OwnToken>> FromText(const std::string& token);
  // The file holds the token alone; blanks and line ends round it don't count. INVALID_ARGUMENT
  // when it can't be read. One that is wrong later is warned of, and the token before stays.
  static absl::StatusOr<std::shared_ptr<OwnToken>> FromFile(const std::string& path);

  // "Bearer ..."
  std::string authorization() const;

 private:
  explicit OwnToken(std::string path);
  absl::Status Load(const FileContents& contents);
  void Reload(const FileContents& contents);
  absl::Status Set(std::string_view token);

  const std::string path_;  // empty = given as it is
  mutable std::mutex mutex_;
  std::string authorization_ ABSL_GUARDED_BY(mutex_);
  FileWatch watch_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_CHANNEL_OWN_TOKEN_H_
