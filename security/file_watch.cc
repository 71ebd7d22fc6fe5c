#include "security/file_watch.h"

#include <cstddef>
#include <utility>

#include "base/strings.h"

namespace kache {
namespace {

Sha256 Fingerprint(const FileContents& contents) {
  std::string all;
  for (const absl::StatusOr<std::string>& text : contents) {
    Append(&all, text.ok() ? Concat(text->size(), ":", *text) : ToStd(text.status().message()));
  }
  return Sha256Of(all);
}

}  // namespace

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
    absl::StatusOr<std::string> text = ReadPipeOrFile(paths_[i], absl::ZeroDuration());
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
