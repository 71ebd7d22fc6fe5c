#include "http/framing.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache {
namespace {

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

FramingVerdict CheckFraming(const HttpRequest& request, bool http_1_1) {
  const HeaderList& headers = request.headers;
  const size_t hosts = headers.Count("Host");
  if (hosts > 1) return {400, "more than one Host header", false};
  if (hosts == 0 && http_1_1) return {400, "the Host header is missing", false};

  if (const auto encoding = headers.Find("Transfer-Encoding"); encoding) {
    // Anything unclear about where a body ends lets two servers see two different requests.
    if (headers.Find("Content-Length")) {
      return {400, "both Content-Length and Transfer-Encoding", false};
    }
    if (!http_1_1) return {400, "Transfer-Encoding in an HTTP/1.0 request", false};
    if (headers.Count("Transfer-Encoding") > 1 ||
        !absl::EqualsIgnoreCase(ToAbsl(Trimmed(*encoding)), "chunked")) {
      return {501, "the only Transfer-Encoding offered is chunked", false};
    }
  }

  if (const auto length = headers.Find("Content-Length"); length) {
    // The parser takes a list of equal numbers for one of them; another server may not.
    if (headers.Count("Content-Length") > 1 || !IsDigits(*length)) {
      return {400, "Content-Length is not a single number", false};
    }
  }

  if (const auto expect = headers.Find("Expect"); expect && http_1_1) {
    if (headers.Count("Expect") > 1 || !absl::EqualsIgnoreCase(ToAbsl(*expect), "100-continue")) {
      return {417, "the only expectation met is 100-continue", false};
    }
    return {0, {}, true};
  }
  return {};
}

}  // namespace kache
