// Tells what files hold when that changes. The files are read every second: that works on every
// file system, and with the links that Kubernetes swaps.
//
//   FileWatch watch({cert, key});
//   Use(watch.Read());
//   watch.Start([this](const FileContents& contents) { Use(contents); });
//
// A file may be a pipe: `<(...)` of a shell, or a FIFO. What came through it once stays what it
// holds, until somebody writes into it again.
//
// Who uses files that are watched never reads them again for himself: what he reads then may be
// newer than what the watch knows, and a change back to that would go unseen.
//
// Thread-compatible. `on_change` runs on the watch's own thread; the destructor waits for it.
#ifndef KACHE_SECURITY_FILE_WATCH_H_
#define KACHE_SECURITY_FILE_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/small_file.h"
#include "base/ticker.h"
#include "security/sha256.h"

namespace kache {

// What ReadSmallFile gave for each of some paths, in their order.
using FileContents = std::vector<absl::StatusOr<std::string>>;
FileContents ReadSmallFiles(const std::vector<std::string>& paths);

class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  // What the files hold now; it counts as known. Once, before Start.
  FileContents Read();

  // `on_change` gets what the files hold, each time that it is not what was known.
  void Start(std::function<void(const FileContents&)> on_change,
             absl::Duration interval = absl::Seconds(1));

 private:
  // As ReadSmallFiles; what a pipe held when nothing has come through it since.
  FileContents ReadAgain() const;

  const std::vector<std::string> paths_;
  FileContents contents_;  // as on_change was given them last; for pipes
  Sha256 known_{};
  std::unique_ptr<Ticker> ticker_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_FILE_WATCH_H_
