// POST /api/v1/keys/{key}:lease: a value, or the lease to fill the key.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error_details.h"
#include "base/strings.h"
#include "gateway/handlers/answer_room.h"
#include "gateway/handlers/content.h"
#include "gateway/handlers/http_status.h"
#include "gateway/handlers/json_body.h"
#include "gateway/handlers/json_text.h"
#include "gateway/handlers/keys.h"
#include "gateway/handlers/receipt.h"
#include "gateway/handlers/stamp.h"
#include "gateway/handlers/ttl.h"
#include "http/error_response.h"
#include "http/request_target.h"

namespace kache::gateway {
namespace {

// A server that says nothing on a stream for longer than 250 ms seems to stand still.
constexpr int64_t kMaxWaitMs = 200;

std::string_view NameOf(v1::GetOrLeaseResponse::Outcome outcome) {
  switch (outcome) {
    case v1::GetOrLeaseResponse::OUTCOME_HIT:
      return "hit";
    case v1::GetOrLeaseResponse::OUTCOME_LEASE:
      return "lease";
    default:
      return "wait";
  }
}

}  // namespace

Admission KeysHandler::AdmitLease(const HttpRequest& request) const {
  MaybeProblem problem = RefuseConditions(request, /*write=*/true);
  if (!problem) problem = CheckContent(request);
  if (!problem && !IsJsonContent(request)) {
    problem = Problem{415, "UNSUPPORTED_MEDIA_TYPE",
                      "a lease is asked for in JSON: send it with Content-Type: application/json"};
  }
  if (problem) return Admission::Refuse(ProblemResponse(*problem));
  return Admission::UpTo(MaxJsonBytes(0));
}

MaybeProblem KeysHandler::ReadLease(HttpRequest& request, v1::GetOrLeaseRequest* lease,
                                    RequestOptions* options) const {
  if (MaybeProblem problem = ReadKey(request, *config_, lease->mutable_key())) return problem;
  if (MaybeProblem problem = ReadRequestOptions(request, *config_, kNoParameters, options)) {
    return problem;
  }
  JsonBody body;
  if (MaybeProblem problem = ParseJsonBody(JsonSchema::kLease, request.body, 0, &body)) {
    return problem;
  }
  lease->set_lease_ms(body.lease_ms);
  lease->set_wait_ms(std::min(body.wait_ms, kMaxWaitMs));
  return std::nullopt;
}

void KeysHandler::Lease(HttpRequest& request, Responder responder) const {
  v1::GetOrLeaseRequest lease;
  RequestOptions options;
  if (const MaybeProblem problem = ReadLease(request, &lease, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  const uint64_t expected = expected_answer_.Get();
  const uint64_t reserved = ReserveAnswer(responder, expected);
  if (reserved == 0) {
    responder.Send(NoRoomResponse());
    return;
  }
  if (reserved < expected) lease.set_max_value_bytes(ValueBytesOfAnswer(reserved));
  upstream_->GetOrLease(std::move(lease), options.call,
                        [this, &request, responder = std::move(responder)](
                            absl::StatusOr<v1::GetOrLeaseResponse> answer) mutable {
                          if (ReasonOf(answer.status()) == kValueTooLarge) {
                            responder.Send(NoRoomResponse());
                          } else if (!answer.ok()) {
                            responder.Send(UpstreamErrorResponse(answer.status()));
                          } else {
                            responder.Send(Leased(request, *answer));
                          }
                        });
}

HttpResponse KeysHandler::Leased(const HttpRequest& request,
                                 const v1::GetOrLeaseResponse& answer) const {
  HttpResponse response;
  const std::string_view node = names_->NodeOf(answer.receipt());
  AddReceiptHeaders(answer.receipt(), node, &response);
  AddClusterTime(answer.cluster_time_unix_ms(), &response);
  response.AddHeader("Cache-Control", "no-store");
  std::string key;
  PercentDecode(request.parameter, &key);
  std::string* const body = &response.body;
  body->reserve(answer.value().size() + key.size() + 256);
  body->push_back('{');
  AppendKeyMember(key, TextEncoding::kUtf8, body);
  Append(body, ",\"outcome\":\"", NameOf(answer.outcome()), "\"");
  if (answer.outcome() == v1::GetOrLeaseResponse::OUTCOME_HIT) {
    body->push_back(',');
    AppendValueMember(answer.value(), TextEncoding::kUtf8, body);
    Append(body, ",\"ttl\":", TtlMsToSeconds(answer.ttl_ms()));
  } else {
    Append(body, ",\"leaseMs\":", answer.lease_ms());
  }
  if (answer.has_lease()) Append(body, ",\"stamp\":\"", LeaseText(answer.lease()), "\"");
  AppendReceipt(answer.receipt(), node, body);
  body->push_back('}');
  return response;
}

}  // namespace kache::gateway
