#include "gateway/handlers/http_status.h"

#include <optional>

#include "base/error_details.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "client/rpc_status.h"
#include "client/version_text.h"
#include "gateway/handlers/receipt.h"
#include "gateway/handlers/stamp.h"
#include "http/error_response.h"

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

// What the error's details say, as members that follow others in a JSON object.
std::string DetailMembers(const absl::Status& status) {
  std::string members;
  if (const std::optional<v1::Receipt> receipt = ReceiptOf(status)) {
    Append(&members, ",\"acknowledged\":", receipt->acknowledged(),
           ",\"required\":", receipt->required());
  }
  if (const std::optional<v1::Superseded> superseded = SupersededOf(status)) {
    Append(&members, ",\"held\":\"", VersionText(superseded->held()),
           "\",\"allHeard\":", superseded->all_heard() ? "true" : "false");
  }
  if (const std::optional<int64_t> cluster_time_ms = ClusterTimeMsOf(status)) {
    Append(&members, ",\"clusterTime\":", *cluster_time_ms);
  }
  return members;
}

void AddDetailHeaders(const absl::Status& status, HttpResponse* response) {
  if (const std::optional<v1::Receipt> receipt = ReceiptOf(status)) {
    AddReceiptHeaders(*receipt, response);
  }
  if (const std::optional<v1::Superseded> superseded = SupersededOf(status)) {
    response->AddHeader("Kache-Held", VersionText(superseded->held()));
    response->AddHeader("Kache-All-Heard", superseded->all_heard() ? "true" : "false");
  }
  AddClusterTime(ClusterTimeMsOf(status).value_or(0), response);
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

HttpStatus HttpStatusOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  if (reason == kSuperseded) return {409, "SUPERSEDED"};
  if (reason == kLifeOver) return {409, "LIFE_OVER"};
  if (reason == kStampOutOfRange) return {400, "STAMP_OUT_OF_RANGE"};
  if (reason == kNodeLimit) return {413, "NODE_LIMIT"};
  return HttpStatusOf(status.code());
}

HttpResponse UpstreamErrorResponse(const absl::Status& status) {
  const HttpStatus http = HttpStatusOf(status);
  HttpResponse response =
      ErrorResponse(http.status, http.code, MessageOf(http, ToStd(status.message())),
                    DetailMembers(status), RetryAfterSeconds(status));
  AddDetailHeaders(status, &response);
  return response;
}

void AppendBatchError(const v1::Error& error, std::string* json) {
  const absl::Status status = StatusFromError(error);
  const HttpStatus http = HttpStatusOf(status);
  std::string members = DetailMembers(status);
  if (error.retry_after_ms() > 0) Append(&members, ",\"retryAfterMs\":", error.retry_after_ms());
  AppendErrorObject(http.code, MessageOf(http, ToStd(status.message())), members, json);
}

HttpResponse WriteErrorResponse(const absl::Status& status) {
  HttpResponse response = UpstreamErrorResponse(status);
  response.tells_of_write = true;
  return response;
}

}  // namespace kache::gateway
