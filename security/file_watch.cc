#include "security/file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

absl::Status CannotRead(const std::string& path, std::string_view reason) {
  return absl::InvalidArgumentError(Concat("cannot read ", path, ": ", reason));
}

class OpenFile {
 public:
  // Without waiting for whoever is to write into a pipe.
  explicit OpenFile(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Of a pipe the text ends when its writers have gone. `for_writer`: how long a pipe that has none
// is waited for; what has not come by then is a text of 0 bytes. A writer has kPipeWait to come to
// its end.
absl::StatusOr<std::string> ReadOnce(const std::string& path, absl::Duration for_writer) {
  const OpenFile file(path);
  struct stat about {};
  if (file.fd() < 0 || fstat(file.fd(), &about) != 0) {
    return CannotRead(path, std::generic_category().message(errno));
  }
  const bool pipe = S_ISFIFO(about.st_mode);
  constexpr absl::Duration kLook = absl::Milliseconds(5);
  const absl::Time started = absl::Now();
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.fd(), text.data() + size, text.size() - size);
    if (got > 0) {
      size += static_cast<size_t>(got);
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno != EAGAIN || !pipe)) return CannotRead(path, "it is not a file");
    // 0 is the end of a file. A pipe has no writer: any more, or as yet.
    const absl::Duration waited = absl::Now() - started;
    if (got == 0 && (!pipe || size > 0 || waited >= for_writer)) break;
    if (waited >= kPipeWait) {
      return CannotRead(path, "the writer of the pipe does not come to its end");
    }
    absl::SleepFor(kLook);
  }
  if (size > kMaxFileBytes) return CannotRead(path, "it is larger than 1 MiB");
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

Sha256 Fingerprint(const FileContents& contents) {
  std::string all;
  for (const absl::StatusOr<std::string>& text : contents) {
    Append(&all, text.ok() ? Concat(text->size(), ":", *text) : ToStd(text.status().message()));
  }
  return Sha256Of(all);
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadOnce(path, kPipeWait);
  if (text.ok() && text->empty() && IsPipe(path)) {
    return CannotRead(path, "nothing has come through the pipe");
  }
  return text;
}

bool IsPipe(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode);
}

FileContents ReadSmallFiles(const std::vector<std::string>& paths) {
  FileContents contents;
  contents.reserve(paths.size());
  for (const std::string& path : paths) contents.push_back(ReadSmallFile(path));
  return contents;
}

FileContents FileWatch::Read() {
  contents_ = ReadSmallFiles(paths_);
  known_ = Fingerprint(contents_);
  return contents_;
}

FileContents FileWatch::ReadAgain() const {
  FileContents contents;
  contents.reserve(paths_.size());
  for (size_t i = 0; i < paths_.size(); ++i) {
    const bool was_read = i < contents_.size() && contents_[i].ok();
    if (!was_read || !IsPipe(paths_[i])) {
      contents.push_back(ReadSmallFile(paths_[i]));
      continue;
    }
    absl::StatusOr<std::string> text = ReadOnce(paths_[i], absl::ZeroDuration());
    contents.push_back(text.ok() && text->empty() ? contents_[i] : std::move(text));
  }
  return contents;
}

void FileWatch::Start(std::function<void(const FileContents&)> on_change, absl::Duration interval) {
  ticker_ = std::make_unique<Ticker>(interval, [this, on_change = std::move(on_change)] {
    FileContents contents = ReadAgain();
    const Sha256 now = Fingerprint(contents);
    if (std::exchange(known_, now) == now) return;
    contents_ = std::move(contents);
    on_change(contents_);
  });
}

}  // namespace kache
