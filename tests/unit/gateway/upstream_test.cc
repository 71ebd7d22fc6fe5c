#include "gateway/upstream/upstream.h"

#include <gtest/gtest.h>

#include "gateway/upstream/retry_budget.h"
#include "gateway/upstream/status_details.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"

namespace kache::gateway {
namespace {

TEST(RetryBackoff, DoublesUpToItsLimit) {
  EXPECT_EQ(RetryBackoff(2, 0.0), kFirstBackoff / 2);
  EXPECT_EQ(RetryBackoff(3, 0.0), kFirstBackoff);
  EXPECT_EQ(RetryBackoff(100, 0.0), kMaxBackoff / 2);
  EXPECT_LT(RetryBackoff(2, 0.999), kFirstBackoff);
}

TEST(RetryBudget, StopsRetriesWhileMostCallsFail) {
  RetryBudget budget;
  int retries = 0;
  while (budget.OnFailure()) ++retries;
  EXPECT_EQ(retries, RetryBudget::kTokens / 2 / RetryBudget::kCost);
  for (int i = 0; i < 10 * RetryBudget::kCost; ++i) budget.OnSuccess();
  EXPECT_TRUE(budget.OnFailure());
}

// The bytes of a google.rpc.Status with these details, each under field number 3.
std::string StatusBytes(const std::vector<google::protobuf::Any>& details) {
  std::string bytes =
      "\x08\x0a\x12\x03"
      "why";  // code = 10, message = "why"
  for (const google::protobuf::Any& detail : details) {
    const std::string packed = detail.SerializeAsString();
    bytes += '\x1a';
    bytes += static_cast<char>(packed.size());
    bytes += packed;
  }
  return bytes;
}

TEST(StatusDetails, KeepTheReceiptAndTheAdvice) {
  v1::Receipt receipt;
  receipt.set_acknowledged(1);
  receipt.set_required(2);
  google::protobuf::Any receipt_detail;
  receipt_detail.PackFrom(receipt);

  google::protobuf::Duration delay;
  delay.set_seconds(3);
  google::protobuf::Any advice_detail;
  advice_detail.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  advice_detail.set_value("\x0a\x02" + delay.SerializeAsString());

  const absl::Status status = StatusFromGrpc(
      grpc::Status(grpc::StatusCode::ABORTED, "why", StatusBytes({receipt_detail, advice_detail})));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "why");
  ASSERT_TRUE(ReceiptOf(status).has_value());
  EXPECT_EQ(ReceiptOf(status)->required(), 2u);
  EXPECT_EQ(RetryAdviceOf(status), absl::Seconds(3));
}

TEST(StatusDetails, SurviveNonsense) {
  for (const std::string& details : {std::string("\x1a\xff\xff\xff\xff\x0f"),
                                     std::string("\x1a\x05"
                                                 "abc"),
                                     std::string(100, '\xff'), std::string("\x1a\x02\xff\xff")}) {
    const absl::Status status =
        StatusFromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "why", details));
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_FALSE(ReceiptOf(status).has_value());
  }
  EXPECT_TRUE(StatusFromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace kache::gateway
