#include "client/bench/http_response_head.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache::bench {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kVersion = "HTTP/1.1 ";

// The value of a header line of that name; empty for another line.
std::string_view ValueOf(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return {};
  if (!absl::EqualsIgnoreCase(ToAbsl(line.substr(0, name.size())), ToAbsl(name))) return {};
  return Trimmed(line.substr(name.size() + 1));
}

}  // namespace

bool ParseHttpHead(std::string_view bytes, HttpResponseHead* head) {
  const size_t end = bytes.find(kEnd);
  if (end == std::string_view::npos) return false;
  *head = HttpResponseHead();
  head->head_bytes = end + kEnd.size();
  std::string_view lines = bytes.substr(0, end);
  int status = 0;
  if (!lines.starts_with(kVersion) || lines.size() < kVersion.size() + 3 ||
      !absl::SimpleAtoi(ToAbsl(lines.substr(kVersion.size(), 3)), &status)) {
    return true;
  }
  bool has_length = false;
  while (!lines.empty()) {
    const size_t line_end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, line_end);
    lines.remove_prefix(line_end == std::string_view::npos ? lines.size() : line_end + 2);
    if (const std::string_view length = ValueOf(line, "Content-Length"); !length.empty()) {
      has_length = absl::SimpleAtoi(ToAbsl(length), &head->body_bytes);
    }
    if (absl::EqualsIgnoreCase(ToAbsl(ValueOf(line, "Connection")), "close")) head->close = true;
  }
  if (has_length) head->status = status;
  return true;
}

absl::StatusCode CodeOfHttpStatus(int status) {
  if (status >= 200 && status < 300) return absl::StatusCode::kOk;
  switch (status) {
    case 400:
    case 413:
    case 415:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 503:
      return absl::StatusCode::kUnavailable;
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace kache::bench
