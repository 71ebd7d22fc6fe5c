#include "security/channel/own_token.h"

#include <utility>
#include <vector>

#include "base/strings.h"
#include "security/bearer.h"
#include "spdlog/spdlog.h"

namespace kache {

OwnToken::OwnToken(std::string path)
    : path_(std::move(path)),
      watch_(path_.empty() ? std::vector<std::string>() : std::vector<std::string>{path_}) {}

absl::StatusOr<std::shared_ptr<OwnToken>> OwnToken::FromText(const std::string& token) {
  std::shared_ptr<OwnToken> own(new OwnToken(""));
  if (absl::Status status = own->Set(token); !status.ok()) return status;
  return own;
}

absl::StatusOr<std::shared_ptr<OwnToken>> OwnToken::FromFile(const std::string& path) {
  std::shared_ptr<OwnToken> own(new OwnToken(path));
  if (absl::Status status = own->Load(own->watch_.Read()); !status.ok()) return status;
  own->watch_.Start([raw = own.get()](const FileContents& contents) { raw->Reload(contents); });
  return own;
}

std::string OwnToken::authorization() const {
  const std::lock_guard lock(mutex_);
  return authorization_;
}

absl::Status OwnToken::Set(std::string_view token) {
  if (!IsToken(token)) {
    return absl::InvalidArgumentError(
        "a token is 16 to 4096 printable ASCII characters without blanks");
  }
  const std::lock_guard lock(mutex_);
  authorization_ = Concat("Bearer ", token);
  return absl::OkStatus();
}

absl::Status OwnToken::Load(const FileContents& contents) {
  const absl::StatusOr<std::string>& text = contents.front();
  if (!text.ok()) return text.status();
  const absl::Status status = Set(Trimmed(*text));
  if (status.ok()) return status;
  return absl::InvalidArgumentError(Concat(path_, ": ", ToStd(status.message())));
}

void OwnToken::Reload(const FileContents& contents) {
  const absl::Status status = Load(contents);
  if (status.ok()) {
    spdlog::info("the own token was read again file={}", path_);
  } else {
    spdlog::warn("the file of the own token is wrong; the one before stays reason=\"{}\"",
                 std::string(status.message()));
  }
}

}  // namespace kache
