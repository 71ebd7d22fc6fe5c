#include "base/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace kache {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

absl::Status CannotRead(const std::string& path, std::string_view reason) {
  return absl::InvalidArgumentError(Concat("cannot read ", path, ": ", reason));
}

}  // namespace

absl::StatusOr<std::string> ReadPipeOrFile(const std::string& path, absl::Duration for_writer) {
  // Without waiting for whoever is to write into a pipe.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (!file.ok() || fstat(file.get(), &about) != 0) {
    return CannotRead(path, std::generic_category().message(errno));
  }
  const bool pipe = S_ISFIFO(about.st_mode);
  constexpr absl::Duration kLook = absl::Milliseconds(5);
  const absl::Time started = absl::Now();
  std::string text(kMaxFileBytes + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
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

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadPipeOrFile(path, kPipeWait);
  if (text.ok() && text->empty() && IsPipe(path)) {
    return CannotRead(path, "nothing has come through the pipe");
  }
  return text;
}

bool IsPipe(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode);
}

}  // namespace kache
