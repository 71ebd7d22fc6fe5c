#include "security/file_watch.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

absl::Status CannotRead(const std::string& path, std::string_view reason) {
  return absl::InvalidArgumentError(Concat("cannot read ", path, ": ", reason));
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
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (file == nullptr) return CannotRead(path, std::generic_category().message(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return CannotRead(path, "it is not a file");
  if (text.size() > kMaxFileBytes) return CannotRead(path, "it is larger than 1 MiB");
  text.shrink_to_fit();
  return text;
}

FileContents ReadSmallFiles(const std::vector<std::string>& paths) {
  FileContents contents;
  contents.reserve(paths.size());
  for (const std::string& path : paths) contents.push_back(ReadSmallFile(path));
  return contents;
}

FileContents FileWatch::Read() {
  FileContents contents = ReadSmallFiles(paths_);
  known_ = Fingerprint(contents);
  return contents;
}

void FileWatch::Start(std::function<void(const FileContents&)> on_change, absl::Duration interval) {
  ticker_ = std::make_unique<Ticker>(interval, [this, on_change = std::move(on_change)] {
    const FileContents contents = ReadSmallFiles(paths_);
    const Sha256 now = Fingerprint(contents);
    if (std::exchange(known_, now) != now) on_change(contents);
  });
}

}  // namespace kache
