#include "gateway/http/error_response.h"

#include "base/json_writer.h"
#include "base/strings.h"

namespace kache::gateway {

void AppendErrorObject(std::string_view code, std::string_view message, std::string_view more,
                       std::string* json) {
  json->append("{\"code\":");
  AppendJsonString(code, json);
  json->append(",\"message\":");
  AppendJsonString(message, json);
  json->append(more).append("}");
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

}  // namespace kache::gateway
