#include "client/rpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error_details.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace kache {
namespace {

// A failed call whose details are these messages.
template <class... Detail>
grpc::Status Failure(grpc::StatusCode code, const Detail&... details) {
  google::rpc::Status message;
  (message.add_details()->PackFrom(details), ...);
  return {code, "failed", message.SerializeAsString()};
}

google::rpc::ErrorInfo Reason(const std::string& reason, const std::string& domain = "kache.dev") {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(domain);
  return info;
}

google::rpc::RetryInfo Advice(int64_t seconds, int32_t nanos = 0) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(nanos);
  return info;
}

TEST(RpcStatus, KeepsCodeAndMessage) {
  EXPECT_TRUE(StatusFromRpc(grpc::Status::OK).ok());
  const absl::Status status = StatusFromRpc({grpc::StatusCode::UNAVAILABLE, "gone"});
  EXPECT_EQ(status, absl::UnavailableError("gone"));
  EXPECT_FALSE(ReceiptOf(status).has_value());
  EXPECT_FALSE(RetryAdviceOf(status).has_value());
}

TEST(RpcStatus, KeepsReceiptAndRetryAdvice) {
  v1::Receipt receipt;
  receipt.set_acknowledged(1);
  receipt.set_required(2);
  // Beside a detail that it has no use for.
  const absl::Status status = StatusFromRpc(
      Failure(grpc::StatusCode::ABORTED, v1::GetRequest(), receipt, Advice(3, 500'000'000)));
  ASSERT_TRUE(ReceiptOf(status).has_value());
  EXPECT_EQ(ReceiptOf(status)->acknowledged(), 1u);
  EXPECT_EQ(RetryAdviceOf(status), absl::Milliseconds(3500));
  EXPECT_EQ(ReasonOf(status), "");
}

TEST(RpcStatus, KeepsWhyAWriteLost) {
  v1::Superseded superseded;
  superseded.mutable_held()->set_timestamp(7);
  superseded.set_all_heard(true);
  const absl::Status status =
      StatusFromRpc(Failure(grpc::StatusCode::ABORTED, Reason("SUPERSEDED"), superseded));
  EXPECT_EQ(ReasonOf(status), kSuperseded);
  ASSERT_TRUE(SupersededOf(status).has_value());
  EXPECT_EQ(SupersededOf(status)->held().timestamp(), 7u);
  EXPECT_TRUE(SupersededOf(status)->all_heard());
}

TEST(RpcStatus, KeepsTheReasonAndClusterTime) {
  google::rpc::ErrorInfo info = Reason("STAMP_OUT_OF_RANGE");
  (*info.mutable_metadata())["cluster_time_unix_ms"] = "1700000000123";
  const absl::Status status = StatusFromRpc(Failure(grpc::StatusCode::FAILED_PRECONDITION, info));
  EXPECT_EQ(ReasonOf(status), kStampOutOfRange);
  EXPECT_EQ(ClusterTimeMsOf(status), 1'700'000'000'123);
}

TEST(RpcStatus, IgnoresReasonsOfOtherDomainsAndTimesThatAreNone) {
  google::rpc::ErrorInfo foreign = Reason("SUPERSEDED", "example.com");
  EXPECT_EQ(ReasonOf(StatusFromRpc(Failure(grpc::StatusCode::ABORTED, foreign))), "");
  google::rpc::ErrorInfo odd = Reason("STAMP_OUT_OF_RANGE");
  (*odd.mutable_metadata())["cluster_time_unix_ms"] = "noon";
  const absl::Status status = StatusFromRpc(Failure(grpc::StatusCode::FAILED_PRECONDITION, odd));
  EXPECT_EQ(ReasonOf(status), kStampOutOfRange);
  EXPECT_FALSE(ClusterTimeMsOf(status).has_value());
}

TEST(RpcStatus, SurvivesMalformedDetails) {
  google::rpc::Status bad_receipt;
  bad_receipt.add_details()->set_type_url("type.googleapis.com/kache.v1.Receipt");
  bad_receipt.mutable_details(0)->set_value("\xff");
  for (const std::string& details :
       {std::string("\xff\xff\xff"), std::string(100, '\xff'),
        std::string("\x1a\xff\xff\xff\xff\x0f"), std::string("\x1a\x02\xff\xff"),
        bad_receipt.SerializeAsString()}) {
    const absl::Status status = StatusFromRpc({grpc::StatusCode::ABORTED, "short", details});
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(status.message(), "short");
    EXPECT_FALSE(ReceiptOf(status).has_value());
  }
}

TEST(RpcStatus, AdviceOfAnyLengthIsKept) {
  EXPECT_EQ(RetryAdviceOf(StatusFromRpc(
                Failure(grpc::StatusCode::RESOURCE_EXHAUSTED, Advice(int64_t{1} << 40)))),
            absl::Seconds(int64_t{1} << 40));
  EXPECT_FALSE(
      RetryAdviceOf(StatusFromRpc(Failure(grpc::StatusCode::RESOURCE_EXHAUSTED, Advice(-5))))
          .has_value());
}

TEST(RpcStatus, TakesTheErrorOfABatch) {
  v1::Error error;
  error.set_code(10);
  error.set_message("short");
  error.mutable_receipt()->set_acknowledged(1);
  const absl::Status status = StatusFromError(error);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReceiptOf(status)->acknowledged(), 1u);
  EXPECT_EQ(ReasonOf(status), "");
  EXPECT_FALSE(RetryAdviceOf(status).has_value());
  EXPECT_FALSE(SupersededOf(status).has_value());
  EXPECT_FALSE(ClusterTimeMsOf(status).has_value());
  EXPECT_EQ(StatusFromError(v1::Error()).code(), absl::StatusCode::kInternal);
}

TEST(RpcStatus, TellsAFullAnswerFromAFullQueue) {
  absl::Status full = absl::OutOfRangeError("the answer holds MAX_BATCH_BYTES");
  EXPECT_FALSE(IsAnswerFull(full));
  SetReason(kAnswerFull, &full);
  EXPECT_TRUE(IsAnswerFull(full));
  // As servers of the release before say it.
  absl::Status refused = absl::ResourceExhaustedError("the answer holds MAX_BATCH_BYTES");
  EXPECT_TRUE(IsAnswerFull(refused));
  SetRetryAfter(absl::Milliseconds(100), &refused);
  EXPECT_FALSE(IsAnswerFull(refused));
  EXPECT_FALSE(IsAnswerFull(absl::OkStatus()));
}

TEST(RpcStatus, TellsWhatGrpcGaveUpForWantOfMemoryFromARefusal) {
  EXPECT_TRUE(IsOutOfBuffers(absl::ResourceExhaustedError("Buffers full")));
  EXPECT_TRUE(
      IsOutOfBuffers(absl::ResourceExhaustedError("Received RST_STREAM with error code 11")));
  absl::Status refused = absl::ResourceExhaustedError("more than MAX_IN_FLIGHT_BYTES");
  SetRetryAfter(absl::Milliseconds(100), &refused);
  EXPECT_FALSE(IsOutOfBuffers(refused));
  EXPECT_FALSE(IsOutOfBuffers(
      absl::ResourceExhaustedError("Received message larger than max (8388620 vs. 5242880)")));
  EXPECT_FALSE(IsOutOfBuffers(absl::UnavailableError("")));
}

TEST(RpcStatus, TakesAllThatTheErrorOfABatchCarries) {
  v1::Error error;
  error.set_code(10);
  error.set_reason("SUPERSEDED");
  error.mutable_superseded()->mutable_held()->set_clock(9);
  error.set_retry_after_ms(250);
  error.set_cluster_time_unix_ms(77);
  const absl::Status status = StatusFromError(error);
  EXPECT_EQ(ReasonOf(status), kSuperseded);
  EXPECT_EQ(SupersededOf(status)->held().clock(), 9u);
  EXPECT_EQ(RetryAdviceOf(status), absl::Milliseconds(250));
  EXPECT_EQ(ClusterTimeMsOf(status), 77);
}

}  // namespace
}  // namespace kache
