#include "client/rpc_status.h"

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/any.pb.h"

namespace kache {
namespace {

// A field of a message: length-delimited, shorter than 128 bytes.
std::string Field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

std::string Detail(const std::string& type, const std::string& message) {
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/" + type);
  any.set_value(message);
  return Field(3, any.SerializeAsString());
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
  // google.rpc.RetryInfo of 3 s, beside a detail that nobody knows.
  const std::string details = Detail("kache.v1.Receipt", receipt.SerializeAsString()) +
                              Detail("google.rpc.RetryInfo", Field(1, "\x08\x03")) +
                              Detail("some.Other", "x");
  const absl::Status status = StatusFromRpc({grpc::StatusCode::ABORTED, "one of two", details});
  ASSERT_TRUE(ReceiptOf(status).has_value());
  EXPECT_EQ(ReceiptOf(status)->acknowledged(), 1u);
  EXPECT_EQ(RetryAdviceOf(status), absl::Seconds(3));
}

TEST(RpcStatus, SurvivesMalformedDetails) {
  for (const std::string& details :
       {std::string("\xff\xff\xff"), std::string(100, '\xff'),
        std::string("\x1a\xff\xff\xff\xff\x0f"), std::string("\x1a\x02\xff\xff"),
        Field(3, "\x0a\x7f"), Detail("kache.v1.Receipt", "\xff")}) {
    const absl::Status status = StatusFromRpc({grpc::StatusCode::ABORTED, "short", details});
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_FALSE(ReceiptOf(status).has_value());
  }
}

TEST(RpcStatus, TakesTheErrorOfABatch) {
  v1::Error error;
  error.set_code(10);
  error.set_message("short");
  error.mutable_receipt()->set_acknowledged(1);
  const absl::Status status = StatusFromError(error);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReceiptOf(status)->acknowledged(), 1u);
  EXPECT_EQ(StatusFromError(v1::Error()).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace kache
