#include "server/api/message_bytes.h"

#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kache/v1/kache.pb.h"

namespace kache {
namespace {

grpc::ByteBuffer Buffer(const std::string& bytes, size_t slice_bytes = SIZE_MAX) {
  std::vector<grpc::Slice> slices;
  for (size_t i = 0; i < bytes.size(); i += std::min(slice_bytes, bytes.size() - i)) {
    slices.emplace_back(bytes.substr(i, slice_bytes));
  }
  return {slices.data(), slices.size()};
}

std::string Message(int operations) {
  v1::PipelineRequest request;
  for (int i = 0; i < operations; ++i) {
    v1::PipelineOperation& operation = *request.add_operations();
    operation.set_id(static_cast<uint64_t>(i));
    operation.mutable_put()->set_key("key");
    operation.mutable_put()->set_value(std::string(static_cast<size_t>(i), 'v'));
  }
  return request.SerializeAsString();
}

TEST(MessageBytes, CountsFields) {
  for (const int count : {0, 1, 2, 300}) {
    grpc::ByteBuffer buffer = Buffer(Message(count));
    EXPECT_EQ(CountFields(buffer), static_cast<size_t>(count));
  }
}

TEST(MessageBytes, CountsFieldsAcrossSlices) {
  grpc::ByteBuffer buffer = Buffer(Message(50), 7);
  EXPECT_EQ(CountFields(buffer), 50u);
  v1::PipelineRequest request;
  EXPECT_TRUE(ParseMessage(buffer, request).ok());
  EXPECT_EQ(request.operations_size(), 50);
  EXPECT_EQ(request.operations(49).put().value().size(), 49u);
  EXPECT_EQ(buffer.Length(), 0u);
}

TEST(MessageBytes, CountsEmptyParts) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes.append("\x0a\x00", 2);
  grpc::ByteBuffer buffer = Buffer(bytes);
  EXPECT_EQ(CountFields(buffer), 100'000u);
}

TEST(MessageBytes, CountsFieldsOfOtherReleasesToo) {
  grpc::ByteBuffer buffer = Buffer(Message(3) + std::string("\x78\x05\x7a\x02hi", 6) + Message(2));
  EXPECT_EQ(CountFields(buffer), 7u);
  v1::PipelineRequest request;
  EXPECT_TRUE(ParseMessage(buffer, request).ok());
  EXPECT_EQ(request.operations_size(), 5);
}

TEST(MessageBytes, ParsesNoMessageOfTooManyFields) {
  v1::PipelineRequest request;
  grpc::ByteBuffer few = Buffer(Message(5));
  EXPECT_TRUE(ParseMessage(few, 5, request).ok());
  EXPECT_EQ(request.operations_size(), 5);
  grpc::ByteBuffer many = Buffer(Message(6));
  const absl::Status status = ParseMessage(many, 5, request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "6 fields in one message, at most 5");
  EXPECT_EQ(many.Length(), 0u);
}

TEST(MessageBytes, KnowsWhatIsNoMessage) {
  for (const std::string& bytes : {std::string("\x0a\x05no", 4), std::string("\x0a"),
                                   std::string("\x0a\xff\xff\xff\xff\x0f", 6), std::string("\x0c"),
                                   std::string("\x00\x00", 2)}) {
    grpc::ByteBuffer buffer = Buffer(bytes);
    EXPECT_EQ(CountFields(buffer), std::nullopt) << bytes.size();
  }
  grpc::ByteBuffer nested = Buffer(std::string("\x0a\x02\x12\x05", 4));
  EXPECT_EQ(CountFields(nested), 1u);
  v1::PipelineRequest request;
  EXPECT_EQ(ParseMessage(nested, request).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kache
