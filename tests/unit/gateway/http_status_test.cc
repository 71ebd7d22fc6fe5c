#include "gateway/handlers/http_status.h"

#include <gtest/gtest.h>

#include "base/error_details.h"
#include "client/rpc_status.h"
#include "gateway/handlers/receipt.h"

namespace kache::gateway {
namespace {

TEST(HttpStatus, TranslatesEveryCode) {
  const std::pair<absl::StatusCode, int> expected[] = {{absl::StatusCode::kInvalidArgument, 400},
                                                       {absl::StatusCode::kUnauthenticated, 502},
                                                       {absl::StatusCode::kPermissionDenied, 502},
                                                       {absl::StatusCode::kNotFound, 404},
                                                       {absl::StatusCode::kResourceExhausted, 429},
                                                       {absl::StatusCode::kUnimplemented, 501},
                                                       {absl::StatusCode::kFailedPrecondition, 501},
                                                       {absl::StatusCode::kAborted, 503},
                                                       {absl::StatusCode::kUnavailable, 503},
                                                       {absl::StatusCode::kCancelled, 503},
                                                       {absl::StatusCode::kDeadlineExceeded, 504},
                                                       {absl::StatusCode::kInternal, 500},
                                                       {absl::StatusCode::kUnknown, 500},
                                                       {absl::StatusCode::kDataLoss, 500},
                                                       {absl::StatusCode::kOutOfRange, 413}};
  for (const auto& [code, status] : expected) {
    EXPECT_EQ(HttpStatusOf(code).status, status) << absl::StatusCodeToString(code);
  }
}

TEST(HttpStatus, ALimitOfTheNodesIsNoFaultOfTheServers) {
  absl::Status status = absl::FailedPreconditionError("too much");
  SetReason(kNodeLimit, &status);
  EXPECT_EQ(HttpStatusOf(status).status, 413);
  EXPECT_EQ(HttpStatusOf(status).code, "NODE_LIMIT");
}

TEST(UpstreamError, WhatAServerSaysOfTheGatewaysTokenIsNotForItsCallers) {
  const HttpResponse response =
      UpstreamErrorResponse(absl::PermissionDeniedError("the token's role is read"));
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.body, R"({"error":{"code":"UPSTREAM_REFUSED","message":)"
                           R"("the Kache server does not accept the gateway's own token"}})");
}

TEST(UpstreamError, NamesCodeAndMessage) {
  const HttpResponse response =
      UpstreamErrorResponse(absl::InvalidArgumentError("the \"key\" is\nbad"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"error":{"code":"INVALID_ARGUMENT","message":"the \"key\" is\nbad"}})");
  EXPECT_FALSE(response.FindHeader("Retry-After").has_value());
}

TEST(UpstreamError, AdvisesWhenToComeBack) {
  EXPECT_EQ(UpstreamErrorResponse(absl::UnavailableError("no")).FindHeader("Retry-After"), "1");
  absl::Status full = absl::ResourceExhaustedError("full");
  EXPECT_EQ(UpstreamErrorResponse(full).FindHeader("Retry-After"), "1");
  SetRetryAfter(absl::Milliseconds(2001), &full);
  EXPECT_EQ(UpstreamErrorResponse(full).FindHeader("Retry-After"), "3");
  SetRetryAfter(absl::Hours(1), &full);
  EXPECT_EQ(UpstreamErrorResponse(full).FindHeader("Retry-After"), "3600");
}

TEST(UpstreamError, ShowsWhatAWriteReached) {
  v1::Receipt receipt;
  receipt.set_acknowledged(1);
  receipt.set_required(2);
  absl::Status aborted = absl::AbortedError("fewer than asked");
  SetReceipt(receipt, &aborted);
  const HttpResponse response = UpstreamErrorResponse(aborted);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"error":{"code":"ABORTED","message":"fewer than asked",)"
                           R"("acknowledged":1,"required":2}})");
  EXPECT_EQ(response.FindHeader("Kache-Acknowledged"), "1");
  EXPECT_EQ(response.FindHeader("Kache-Required"), "2");
}

TEST(UpstreamError, SaysWhichVersionAStampLostTo) {
  v1::Superseded superseded;
  superseded.mutable_held()->set_timestamp(0x0190a1b2c3d40007);
  superseded.mutable_held()->set_clock(0x5e4f3a2b1c0d9e8f);
  superseded.set_all_heard(true);
  absl::Status status = absl::AbortedError("a newer version is held");
  SetSuperseded(superseded, &status);
  const HttpResponse response = UpstreamErrorResponse(status);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, R"({"error":{"code":"SUPERSEDED","message":"a newer version is held",)"
                           R"("held":"0190a1b2c3d40007-5e4f3a2b1c0d9e8f","allHeard":true}})");
  EXPECT_EQ(response.FindHeader("Kache-Held"), "0190a1b2c3d40007-5e4f3a2b1c0d9e8f");
  EXPECT_EQ(response.FindHeader("Kache-All-Heard"), "true");
  EXPECT_FALSE(response.FindHeader("Retry-After").has_value());
}

TEST(UpstreamError, TellsClusterTimeWhereAStampIsOutOfRange) {
  absl::Status status = absl::FailedPreconditionError("the stamp is too old");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(1'717'000'000'123, &status);
  const HttpResponse response = UpstreamErrorResponse(status);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"error":{"code":"STAMP_OUT_OF_RANGE","message":"the stamp is too old",)"
            R"("clusterTime":1717000000123}})");
  EXPECT_EQ(response.FindHeader("Kache-Cluster-Time"), "1717000000123");
}

TEST(UpstreamError, ALifeThatIsOverIsAConflict) {
  absl::Status status = absl::AbortedError("the value's life was over before it was stored");
  SetReason(kLifeOver, &status);
  const HttpResponse response = UpstreamErrorResponse(status);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, R"({"error":{"code":"LIFE_OVER",)"
                           R"("message":"the value's life was over before it was stored"}})");
}

TEST(UpstreamError, AReasonThatIsNotKnownLeavesTheCodesStatus) {
  absl::Status status = absl::AbortedError("no");
  SetReason("SOMETHING_NEW", &status);
  EXPECT_EQ(UpstreamErrorResponse(status).status, 503);
}

TEST(BatchError, HasTheCodeAndTheMembersOfOneRequest) {
  v1::Error error;
  error.set_code(static_cast<int>(absl::StatusCode::kAborted));
  error.set_message("newer");
  error.set_reason(kSuperseded);
  error.mutable_superseded()->mutable_held()->set_timestamp(1);
  error.mutable_receipt()->set_required(2);
  std::string json;
  AppendBatchError(error, &json);
  EXPECT_EQ(json, R"({"code":"SUPERSEDED","message":"newer","acknowledged":0,"required":2,)"
                  R"("held":"0000000000000001-0000000000000000","allHeard":false})");
  error.Clear();
  error.set_code(static_cast<int>(absl::StatusCode::kFailedPrecondition));
  error.set_reason(kStampOutOfRange);
  error.set_cluster_time_unix_ms(5);
  json.clear();
  AppendBatchError(error, &json);
  EXPECT_EQ(json, R"({"code":"STAMP_OUT_OF_RANGE","message":"","clusterTime":5})");
  error.Clear();
  error.set_code(static_cast<int>(absl::StatusCode::kAborted));
  error.set_reason(kLifeOver);
  json.clear();
  AppendBatchError(error, &json);
  EXPECT_EQ(json, R"({"code":"LIFE_OVER","message":""})");
}

TEST(BatchError, SaysWhenToAskAgain) {
  v1::Error error;
  error.set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
  error.set_message("the node's queue is full");
  std::string json;
  AppendBatchError(error, &json);
  EXPECT_EQ(json, R"({"code":"RESOURCE_EXHAUSTED","message":"the node's queue is full"})");
  error.set_retry_after_ms(250);
  error.mutable_receipt()->set_required(2);
  json.clear();
  AppendBatchError(error, &json);
  EXPECT_EQ(json, R"({"code":"RESOURCE_EXHAUSTED","message":"the node's queue is full",)"
                  R"("acknowledged":0,"required":2,"retryAfterMs":250})");
}

TEST(UpstreamError, HidesMessagesThatAreNotText) {
  const HttpResponse response = UpstreamErrorResponse(absl::InternalError("\xff"));
  EXPECT_EQ(response.body,
            R"json({"error":{"code":"INTERNAL","message":"(a message that is not UTF-8)"}})json");
}

TEST(Receipt, LeavesOutWhatItDoesNotKnow) {
  v1::Receipt receipt;
  receipt.set_acknowledged(2);
  receipt.set_required(1);
  receipt.set_degraded(true);
  std::string json;
  AppendReceipt(receipt, &json);
  EXPECT_EQ(json, R"(,"acknowledged":2,"required":1,"degraded":true,"expiresAt":0)");
  HttpResponse response;
  AddReceiptHeaders(receipt, &response);
  EXPECT_EQ(response.headers,
            "Kache-Acknowledged: 2\r\nKache-Required: 1\r\nKache-Degraded: true\r\n");
}

}  // namespace
}  // namespace kache::gateway
