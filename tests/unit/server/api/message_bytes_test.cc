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

std::optional<MessageParts> Parts(grpc::ByteBuffer& bytes) {
  return CountParts(bytes, *v1::PipelineRequest::descriptor());
}

std::optional<size_t> Fields(grpc::ByteBuffer& bytes) {
  const std::optional<MessageParts> parts = Parts(bytes);
  if (!parts) return std::nullopt;
  return parts->fields;
}

// Of a message with one operation, whose bytes these are.
size_t ExtraParts(const std::string& operation) {
  EXPECT_LT(operation.size(), 128u);
  grpc::ByteBuffer bytes =
      Buffer("\x0a" + std::string(1, static_cast<char>(operation.size())) + operation);
  const std::optional<MessageParts> parts = Parts(bytes);
  EXPECT_TRUE(parts && parts->fields == 1);
  return parts ? parts->extra : 0;
}

TEST(MessageBytes, CountsFields) {
  for (const int count : {0, 1, 2, 300}) {
    grpc::ByteBuffer buffer = Buffer(Message(count));
    EXPECT_EQ(Fields(buffer), static_cast<size_t>(count));
  }
}

TEST(MessageBytes, CountsFieldsAcrossSlices) {
  grpc::ByteBuffer buffer = Buffer(Message(50), 7);
  EXPECT_EQ(Fields(buffer), 50u);
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
  EXPECT_EQ(Fields(buffer), 100'000u);
}

TEST(MessageBytes, CountsFieldsOfOtherReleasesToo) {
  grpc::ByteBuffer buffer = Buffer(Message(3) + std::string("\x78\x05\x7a\x02hi", 6) + Message(2));
  EXPECT_EQ(Fields(buffer), 7u);
  v1::PipelineRequest request;
  EXPECT_TRUE(ParseMessage(buffer, request).ok());
  EXPECT_EQ(request.operations_size(), 5);
}

TEST(MessageBytes, CountsNoExtraPartsInWhatClientsWrite) {
  v1::PipelineOperation operation;
  operation.set_id(1);
  operation.set_timeout_ms(2);
  v1::PutRequest& put = *operation.mutable_put();
  put.set_key("k");
  put.set_value("v");
  put.set_ttl_ms(3);
  put.set_consistency(v1::CONSISTENCY_ALL);
  put.mutable_stamp()->set_clock(4);
  put.mutable_stamp()->mutable_above()->set_timestamp(5);
  operation.set_request_number(6);
  operation.set_traceparent("t");
  EXPECT_EQ(ExtraParts(operation.SerializeAsString()), 0u);
}

TEST(MessageBytes, CountsTheFieldsOfTouches) {
  v1::PipelineOperation operation;
  operation.set_id(1);
  v1::TouchRequest& touch = *operation.mutable_touch();
  touch.set_key("k");
  touch.set_ttl_ms(3);
  touch.set_consistency(v1::CONSISTENCY_ALL);
  touch.mutable_stamp()->mutable_above()->set_timestamp(5);
  const std::string bytes = operation.SerializeAsString();
  EXPECT_EQ(ExtraParts(bytes), 0u);
  EXPECT_EQ(ExtraParts(bytes + "\x1a\x02\x10\x01"), 2u);  // then a Get instead
  EXPECT_EQ(ExtraParts("\x4a\x02\x78\x01"), 1u);          // not known within it
}

TEST(MessageBytes, CountsExtraParts) {
  EXPECT_EQ(ExtraParts("\xf8\x01\x07"), 1u);                      // not known
  EXPECT_EQ(ExtraParts(std::string("\x0a\x00", 2)), 1u);          // not of the field's type
  EXPECT_EQ(ExtraParts("\x08\x01\x08\x01\x08\x01"), 2u);          // again
  EXPECT_EQ(ExtraParts("\x1a\x02\x10\x01"), 0u);                  // a Get
  EXPECT_EQ(ExtraParts("\x1a\x02\x10\x01\x2a\x02\x10\x01"), 2u);  // then a Delete instead
}

TEST(MessageBytes, CountsThePartsOfGroups) {
  EXPECT_EQ(ExtraParts("\xfb\x01\x08\x01\xfb\x01\xfc\x01\xfc\x01"), 3u);
}

TEST(MessageBytes, ParsesNoMessageOfTooManyExtraParts) {
  const std::string again(60, '\x08');  // an id, many times
  grpc::ByteBuffer bytes = Buffer("\x0a\x3c" + again);
  v1::PipelineRequest request;
  EXPECT_EQ(ParseMessage(bytes, 29, request).message(), "30 fields in one message, at most 29");
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
    EXPECT_EQ(Fields(buffer), std::nullopt) << bytes.size();
  }
  grpc::ByteBuffer nested = Buffer(std::string("\x0a\x02\x12\x05", 4));
  EXPECT_EQ(Fields(nested), std::nullopt);
  v1::PipelineRequest request;
  EXPECT_EQ(ParseMessage(nested, request).code(), absl::StatusCode::kInvalidArgument);
}

TEST(ParsedBytes, AreTheBytesOfWhatClientsWrite) {
  v1::PutRequest put;
  put.set_key("k");
  put.set_value(std::string(100'000, 'v'));
  put.mutable_stamp()->set_timestamp(1'800'000'000'000'000);
  EXPECT_EQ(ParsedBytes(put, 100'001), put.ByteSizeLong());
}

TEST(ParsedBytes, CountWhatUnknownFieldsTake) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += "\xf8\x01\x07";  // field 31
  v1::GetRequest get;
  ASSERT_TRUE(get.ParseFromString(bytes));
  EXPECT_EQ(get.ByteSizeLong(), 300'000u);
  EXPECT_GT(ParsedBytes(get, 0), 1'600'000u);
}

}  // namespace
}  // namespace kache
