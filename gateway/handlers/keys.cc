#include "gateway/handlers/keys.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_details.h"
#include "base/strings.h"
#include "client/version_text.h"
#include "gateway/handlers/answer_room.h"
#include "gateway/handlers/content.h"
#include "gateway/handlers/http_status.h"
#include "gateway/handlers/json_body.h"
#include "gateway/handlers/json_text.h"
#include "gateway/handlers/receipt.h"
#include "gateway/handlers/stamp.h"
#include "gateway/handlers/ttl.h"
#include "http/error_response.h"
#include "http/request_target.h"

namespace kache::gateway {
namespace {

// A strong tag for the value's bytes. A weak one for the JSON, which shows a running ttl and the
// receipt of the read. Two tags, not one that is weak once: a browser that holds the one form asks
// with its tag for the other, and would show a 304 the wrong form.
std::string ETagOf(const v1::Version& version, bool raw) {
  return raw ? Concat("\"", VersionText(version), "-raw\"")
             : Concat("W/\"", VersionText(version), "\"");
}

// Of the body beside the key, about.
constexpr size_t kAnswerBytes = 192;
// Of a value on its way to a server: the call's own, for a further attempt, and the message's.
constexpr uint64_t kCopiesOfValue = 2;
template <class Answer>
HttpResponse Written(const Answer& answer, std::string_view key) {
  HttpResponse response;
  response.body.reserve(key.size() + kAnswerBytes);
  response.tells_of_write = true;
  response.body.push_back('{');
  AppendKeyMember(key, TextEncoding::kUtf8, &response.body);
  AppendReceipt(answer.receipt(), &response.body);
  response.body.push_back('}');
  AddReceiptHeaders(answer.receipt(), &response);
  AddClusterTime(answer.cluster_time_unix_ms(), &response);
  return response;
}

// A PUT whose body is the value: its tag is the one that a GET of the bytes will answer. A JSON
// document is not stored as it was sent, so it has none (RFC 9110, section 9.3.4).
HttpResponse Stored(const v1::PutResponse& answer, const HttpRequest& request,
                    std::string_view key) {
  HttpResponse response = Written(answer, key);
  if (answer.receipt().has_version() && !IsJsonContent(request)) {
    response.AddHeader("ETag", ETagOf(answer.receipt().version(), /*raw=*/true));
  }
  return response;
}

// The key once more, for an answer; it was decoded without a problem before.
std::string KeyOf(const HttpRequest& request) {
  std::string key;
  PercentDecode(request.parameter, &key);
  return key;
}

}  // namespace

Admission KeysHandler::AdmitPut(const HttpRequest& request) const {
  MaybeProblem problem = RefuseConditions(request, /*write=*/true);
  if (!problem) problem = CheckContent(request);
  if (problem) return Admission::Refuse(ProblemResponse(*problem));
  return Admission::UpTo(IsJsonContent(request) ? MaxJsonBytes(config_->max_value_bytes)
                                                : config_->max_value_bytes);
}

MaybeProblem KeysHandler::ReadPut(HttpRequest& request, v1::PutRequest* put,
                                  RequestOptions* options) const {
  const bool json = IsJsonContent(request);
  std::optional<v1::Stamp> stamp;
  if (MaybeProblem problem = ReadKey(request, *config_, put->mutable_key())) return problem;
  if (MaybeProblem problem = ReadStamp(request, &stamp)) return problem;
  if (stamp) *put->mutable_stamp() = *std::move(stamp);
  if (MaybeProblem problem = ReadRequestOptions(
          request, *config_, kConsistencyParameter | (json ? 0u : kTtlParameter), options)) {
    return problem;
  }
  put->set_consistency(options->consistency);
  if (!json) {
    put->set_value(std::move(request.body));
    put->set_ttl_ms(options->ttl_ms.value_or(0));
    return std::nullopt;
  }
  JsonBody body;
  if (MaybeProblem problem = ParseJsonBody(JsonSchema::kPut, request.body, 0, &body)) {
    return problem;
  }
  request.DropLargeBody();
  if (body.top.value.size() > config_->max_value_bytes) {
    return Problem{413, "VALUE_TOO_LARGE",
                   Concat("the value is larger than ", config_->max_value_bytes, " bytes")};
  }
  put->set_value(std::move(body.top.value));
  put->set_ttl_ms(body.top.ttl_ms);
  return std::nullopt;
}

void KeysHandler::Put(HttpRequest& request, Responder responder) const {
  v1::PutRequest put;
  RequestOptions options;
  if (const MaybeProblem problem = ReadPut(request, &put, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  if (!responder.Reserve(kCopiesOfValue * put.value().size())) {
    responder.Send(NoRoomResponse());
    return;
  }
  upstream_->Put(
      std::move(put), options.call,
      [&request, responder = std::move(responder)](absl::StatusOr<v1::PutResponse> answer) mutable {
        responder.Send(answer.ok() ? Stored(*answer, request, KeyOf(request))
                                   : WriteErrorResponse(answer.status()));
      });
}

void KeysHandler::Delete(HttpRequest& request, Responder responder) const {
  v1::DeleteRequest erase;
  RequestOptions options;
  MaybeProblem problem = RefuseConditions(request, /*write=*/true);
  std::optional<v1::Stamp> stamp;
  if (!problem) problem = ReadKey(request, *config_, erase.mutable_key());
  if (!problem) problem = ReadStamp(request, &stamp);
  if (!problem) problem = ReadRequestOptions(request, *config_, kConsistencyParameter, &options);
  if (problem) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  if (stamp) *erase.mutable_stamp() = *std::move(stamp);
  erase.set_consistency(options.consistency);
  upstream_->Delete(std::move(erase), options.call,
                    [&request, responder = std::move(responder)](
                        absl::StatusOr<v1::DeleteResponse> answer) mutable {
                      responder.Send(answer.ok() ? Written(*answer, KeyOf(request))
                                                 : WriteErrorResponse(answer.status()));
                    });
}

Admission KeysHandler::AdmitTouch(const HttpRequest& request) const {
  MaybeProblem problem = RefuseConditions(request, /*write=*/true);
  if (!problem) problem = CheckContent(request);
  if (!problem && !IsJsonContent(request)) {
    problem = Problem{415, "UNSUPPORTED_MEDIA_TYPE",
                      "a touch is JSON: send it with Content-Type: application/json"};
  }
  if (problem) return Admission::Refuse(ProblemResponse(*problem));
  return Admission::UpTo(MaxJsonBytes(0));
}

MaybeProblem KeysHandler::ReadTouch(HttpRequest& request, v1::TouchRequest* touch,
                                    RequestOptions* options) const {
  std::optional<v1::Stamp> stamp;
  if (MaybeProblem problem = ReadKey(request, *config_, touch->mutable_key())) return problem;
  if (MaybeProblem problem = ReadStamp(request, &stamp)) return problem;
  if (MaybeProblem problem =
          ReadRequestOptions(request, *config_, kConsistencyParameter, options)) {
    return problem;
  }
  JsonBody body;
  if (MaybeProblem problem = ParseJsonBody(JsonSchema::kTouch, request.body, 0, &body)) {
    return problem;
  }
  if (stamp) *touch->mutable_stamp() = *std::move(stamp);
  touch->set_ttl_ms(body.top.ttl_ms);
  touch->set_consistency(options->consistency);
  return std::nullopt;
}

void KeysHandler::Touch(HttpRequest& request, Responder responder) const {
  v1::TouchRequest touch;
  RequestOptions options;
  if (const MaybeProblem problem = ReadTouch(request, &touch, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  upstream_->Touch(std::move(touch), options.call,
                   [this, &request, responder = std::move(responder)](
                       absl::StatusOr<v1::TouchResponse> answer) mutable {
                     if (!answer.ok()) {
                       responder.Send(WriteErrorResponse(answer.status()));
                     } else if (!answer->found()) {
                       responder.Send(Miss(answer->receipt()));
                     } else {
                       responder.Send(Written(*answer, KeyOf(request)));
                     }
                   });
}

void KeysHandler::Get(HttpRequest& request, Responder responder) const {
  v1::GetRequest get;
  RequestOptions options;
  MaybeProblem problem = RefuseConditions(request, /*write=*/false);
  if (!problem) problem = ReadKey(request, *config_, get.mutable_key());
  if (!problem) {
    problem = ReadRequestOptions(request, *config_, kConsistencyParameter | kMinVersionParameter,
                                 &options);
  }
  if (problem) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  const uint64_t expected = expected_answer_.Get();
  const uint64_t reserved = ReserveAnswer(responder, expected);
  if (reserved == 0) {
    responder.Send(NoRoomResponse());
    return;
  }
  const bool smaller_only = reserved < expected;
  if (smaller_only) get.set_max_value_bytes(ValueBytesOfAnswer(reserved));
  get.set_consistency(options.consistency);
  if (options.min_version) *get.mutable_min_version() = *options.min_version;
  const bool raw =
      request.headers.Find("Accept") && PrefersRawBytes(request.headers.Joined("Accept"));
  upstream_->Get(std::move(get), options.call,
                 [this, &request, raw, smaller_only, responder = std::move(responder)](
                     absl::StatusOr<v1::GetResponse> answer) mutable {
                   if (ReasonOf(answer.status()) == kValueTooLarge) {
                     responder.Send(NoRoomResponse());
                   } else if (!answer.ok()) {
                     responder.Send(UpstreamErrorResponse(answer.status()));
                   } else if (!answer->found()) {
                     responder.Send(Miss(answer->receipt()));
                   } else {
                     HttpResponse response = Found(request, *std::move(answer), raw);
                     if (!smaller_only) expected_answer_.Learn(response.memory_bytes());
                     responder.Send(std::move(response));
                   }
                 });
}

HttpResponse KeysHandler::Found(const HttpRequest& request, v1::GetResponse found, bool raw) const {
  HttpResponse response;
  const std::string_view node = names_->NodeOf(found.receipt());
  AddReceiptHeaders(found.receipt(), node, &response);
  const std::string etag = ETagOf(found.receipt().version(), raw);
  Append(&response.headers, "ETag: ", etag, "\r\nCache-Control: ", config_->cache_control,
         "\r\nVary: Accept\r\n");
  if (request.headers.Find("If-None-Match") &&
      ListsETag(request.headers.Joined("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  if (raw) {
    response.content_type = "application/octet-stream";
    response.body = std::move(*found.mutable_value());
    return response;
  }
  std::string* const body = &response.body;
  body->reserve(found.value().size() + request.parameter.size() + 256);
  body->push_back('{');
  AppendKeyMember(KeyOf(request), TextEncoding::kUtf8, body);
  body->push_back(',');
  AppendValueMember(found.value(), TextEncoding::kUtf8, body);
  Append(body, ",\"ttl\":", TtlMsToSeconds(found.ttl_ms()));
  AppendReceipt(found.receipt(), node, body);
  body->push_back('}');
  return response;
}

HttpResponse KeysHandler::Miss(const v1::Receipt& receipt) const {
  HttpResponse response = ErrorResponse(404, "KEY_NOT_FOUND", "there is no such key");
  AddReceiptHeaders(receipt, names_->NodeOf(receipt), &response);
  response.AddHeader("Cache-Control", config_->cache_control);
  return response;
}

}  // namespace kache::gateway
