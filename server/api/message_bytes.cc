#include "server/api/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdint>

#include "base/strings.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace kache {
namespace {

using google::protobuf::internal::WireFormatLite;

absl::Status NotOne(const google::protobuf::Message& message) {
  return absl::InvalidArgumentError(
      Concat("the message is not a ", message.GetDescriptor()->name()));
}

}  // namespace

std::optional<size_t> CountFields(grpc::ByteBuffer& bytes) {
  grpc::ProtoBufferReader reader(&bytes);
  google::protobuf::io::CodedInputStream stream(&reader);
  size_t fields = 0;
  while (const uint32_t tag = stream.ReadTag()) {
    if (!WireFormatLite::SkipField(&stream, tag)) return std::nullopt;
    ++fields;
  }
  if (!stream.ConsumedEntireMessage()) return std::nullopt;
  return fields;
}

absl::Status ParseMessage(grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  bool parsed = false;
  {
    grpc::ProtoBufferReader reader(&bytes);
    parsed = message.ParseFromZeroCopyStream(&reader);
  }
  bytes.Clear();
  return parsed ? absl::OkStatus() : NotOne(message);
}

absl::Status ParseMessage(grpc::ByteBuffer& bytes, size_t max_fields,
                          google::protobuf::Message& message) {
  const std::optional<size_t> fields = CountFields(bytes);
  if (fields && *fields <= max_fields) return ParseMessage(bytes, message);
  bytes.Clear();
  if (!fields) return NotOne(message);
  return absl::InvalidArgumentError(
      Concat(*fields, " fields in one message, at most ", max_fields));
}

}  // namespace kache
