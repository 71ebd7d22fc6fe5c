#include "server/api/status_map.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(StatusMap, KeepsEveryCodeButUnknown) {
  for (int code = 0; code < static_cast<int>(kGrpcCodes); ++code) {
    const auto expected = code == 2 ? grpc::StatusCode::INTERNAL : grpc::StatusCode(code);
    EXPECT_EQ(ToGrpcCode(static_cast<absl::StatusCode>(code)), expected) << code;
  }
}

TEST(StatusMap, TurnsCodesOfTheFutureIntoInternal) {
  EXPECT_EQ(ToGrpcCode(static_cast<absl::StatusCode>(99)), grpc::StatusCode::INTERNAL);
}

TEST(StatusMap, KeepsTheMessage) {
  const grpc::Status status = ToGrpcStatus(absl::AbortedError("fewer than asked"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "fewer than asked");
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(StatusMap, NamesCodesAsGrpcDoes) {
  EXPECT_STREQ(kGrpcCodeNames[grpc::StatusCode::OK], "OK");
  EXPECT_STREQ(kGrpcCodeNames[grpc::StatusCode::INVALID_ARGUMENT], "INVALID_ARGUMENT");
  EXPECT_STREQ(kGrpcCodeNames[grpc::StatusCode::RESOURCE_EXHAUSTED], "RESOURCE_EXHAUSTED");
  EXPECT_STREQ(kGrpcCodeNames[grpc::StatusCode::UNIMPLEMENTED], "UNIMPLEMENTED");
  EXPECT_STREQ(kGrpcCodeNames[grpc::StatusCode::UNAUTHENTICATED], "UNAUTHENTICATED");
}

}  // namespace
}  // namespace kache
