#include "http/error_response.h"

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "base/error_details.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace kache {

void AppendErrorObject(std::string_view code, std::string_view message, std::string_view more,
                       std::string* json) {
  json->append("{\"code\":");
  AppendJsonString(code, json);
  json->append(",\"message\":");
  AppendJsonString(message, json);
  json->append(more).append("}");
}

int RetryAfterSeconds(const absl::Status& status) {
  constexpr int64_t kMax = 24 * 3600;
  const absl::Duration wait = RetryAfterOf(status).value_or(absl::Seconds(1));
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1)));
  return static_cast<int>(std::clamp<int64_t>(seconds, 1, kMax));
}

HttpResponse ErrorResponse(int status, std::string_view code, std::string_view message,
                           std::string_view more, int retry_after_seconds) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"error\":";
  AppendErrorObject(code, message, more, &response.body);
  response.body.append("}");
  if (status == 429 || status == 503) {
    response.AddHeader("Retry-After", Concat(retry_after_seconds));
  }
  return response;
}

HttpResponse NoRoomResponse() {
  HttpResponse response = ErrorResponse(503, DefaultErrorCode(503), kNoRoom);
  response.no_room = true;
  return response;
}

std::string_view DefaultErrorCode(int status) {
  switch (status) {
    case 404:
      return "NOT_FOUND";
    case 405:
      return "METHOD_NOT_ALLOWED";
    case 408:
      return "REQUEST_TIMEOUT";
    case 413:
      return "BODY_TOO_LARGE";
    case 415:
      return "UNSUPPORTED_MEDIA_TYPE";
    case 417:
      return "EXPECTATION_FAILED";
    case 431:
      return "HEADERS_TOO_LARGE";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "OVERLOADED";
    default:
      return "BAD_REQUEST";
  }
}

}  // namespace kache
