#include "gateway/handlers/http_status.h"

#include <optional>

#include "base/strings.h"
#include "base/utf8.h"
#include "client/rpc_status.h"
#include "gateway/handlers/receipt.h"
#include "gateway/http/error_response.h"

namespace kache::gateway {
namespace {

// Messages come from another process; JSON can only hold UTF-8.
std::string_view Printable(std::string_view message) {
  return IsUtf8(message) ? message : std::string_view("(a message that is not UTF-8)");
}

// What a server says of the gateway's own token is not for the gateway's callers.
std::string_view MessageOf(HttpStatus http, std::string_view message) {
  return http.status == 502 ? "the Kache server does not accept the gateway's own token"
                            : Printable(message);
}

std::string ReachedMembers(const v1::Receipt& receipt) {
  return Concat(",\"acknowledged\":", receipt.acknowledged(), ",\"required\":", receipt.required());
}

}  // namespace

HttpStatus HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return {200, "OK"};
    case absl::StatusCode::kInvalidArgument:
      return {400, "INVALID_ARGUMENT"};
    case absl::StatusCode::kUnauthenticated:  // the gateway's token, not the caller's: see Router
    case absl::StatusCode::kPermissionDenied:
      return {502, "UPSTREAM_REFUSED"};
    case absl::StatusCode::kNotFound:
      return {404, "KEY_NOT_FOUND"};
    case absl::StatusCode::kOutOfRange:  // one key of a batchGet whose answer is full
      return {413, "ANSWER_TOO_LARGE"};
    case absl::StatusCode::kResourceExhausted:
      return {429, "RESOURCE_EXHAUSTED"};
    case absl::StatusCode::kUnimplemented:
      return {501, "UNIMPLEMENTED"};
    case absl::StatusCode::kFailedPrecondition:  // a record that this release cannot read
      return {501, "FAILED_PRECONDITION"};
    case absl::StatusCode::kAborted:
      return {503, "ABORTED"};
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return {503, "UNAVAILABLE"};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, "DEADLINE_EXCEEDED"};
    default:
      return {500, "INTERNAL"};
  }
}

HttpResponse UpstreamErrorResponse(const absl::Status& status) {
  const HttpStatus http = HttpStatusOf(status.code());
  const std::optional<v1::Receipt> receipt = ReceiptOf(status);
  HttpResponse response =
      ErrorResponse(http.status, http.code, MessageOf(http, ToStd(status.message())),
                    receipt ? ReachedMembers(*receipt) : "", RetryAfterSeconds(status));
  if (receipt) AddReceiptHeaders(*receipt, &response);
  return response;
}

void AppendBatchError(const v1::Error& error, std::string* json) {
  const HttpStatus http = HttpStatusOf(static_cast<absl::StatusCode>(error.code()));
  std::string more = error.has_receipt() ? ReachedMembers(error.receipt()) : "";
  if (error.retry_after_ms() > 0) Append(&more, ",\"retryAfterMs\":", error.retry_after_ms());
  AppendErrorObject(http.code, MessageOf(http, error.message()), more, json);
}

}  // namespace kache::gateway
