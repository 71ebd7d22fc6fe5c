#include "http/response_writer.h"

#include <ctime>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/strings.h"

namespace kache {

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

void WriteResponseHead(const HttpResponse& response, ConnectionField connection,
                       std::string_view date, const RequestName& name, std::string* head) {
  head->clear();
  Append(head, "HTTP/1.1 ", response.status, " ", ReasonPhrase(response.status), "\r\n");
  if (response.status != 304) {
    Append(head, "Content-Length: ", response.body.size(), "\r\n");
    if (!response.content_type.empty()) {
      Append(head, "Content-Type: ", response.content_type, "\r\n");
    }
  }
  // Many answers hold bytes of a caller's choice: none is to be taken for another type.
  Append(head, "X-Content-Type-Options: nosniff\r\nDate: ", date, "\r\n", response.headers);
  if (!name.id.empty()) {
    Append(head, "X-Request-Id: ", name.id, "\r\n");
  } else if (name.number != 0) {
    Append(head, "X-Request-Id: ", absl::Hex(name.number, absl::kZeroPad16), "\r\n");
  }
  if (connection == ConnectionField::kClose) head->append("Connection: close\r\n");
  if (connection == ConnectionField::kKeepAlive) head->append("Connection: keep-alive\r\n");
  head->append("\r\n");
}

std::string_view HttpDate() {
  thread_local std::time_t formatted_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != formatted_at || text.empty()) {
    text = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::FromTimeT(now), absl::UTCTimeZone());
    formatted_at = now;
  }
  return text;
}

}  // namespace kache
