// Tells when the contents of files change. The files are read every second: that works on every
// file system, and with the links that Kubernetes swaps.
//
//   FileWatch watch({cert, key});       // what is there now counts as known
//   ... read the files ...
//   watch.Start([this] { Reread(); });  // also for a change since the line above
//
// Thread-compatible. `on_change` runs on the watch's own thread; the destructor waits for it.
#ifndef KACHE_SECURITY_FILE_WATCH_H_
#define KACHE_SECURITY_FILE_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ticker.h"
#include "security/sha256.h"

namespace kache {

// The whole file, up to 1 MiB. The message names the file and says why it can't be read.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths);

  void Start(std::function<void()> on_change, absl::Duration interval = absl::Seconds(1));

 private:
  Sha256 Fingerprint() const;

  const std::vector<std::string> paths_;
  Sha256 known_;
  std::unique_ptr<Ticker> ticker_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_FILE_WATCH_H_
