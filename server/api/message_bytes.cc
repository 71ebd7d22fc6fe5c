#include "server/api/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format.h"

namespace kache {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormat;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// As the parser: what is nested deeper is no message.
constexpr int kMaxDepth = 100;

// What fields a type of message has, as looking them up in its descriptor takes longer than all
// else of a count.
class Shape {
 public:
  struct Field {
    uint32_t wire_type = 0;
    bool is_packable = false;
    uint64_t bit = 0;                // its own, or its oneof's, modulo 32 each; 0 = no such field
    const Shape* message = nullptr;  // where it is one
  };

  // Lives as long as the thread.
  static const Shape& Of(const Descriptor& type) {
    thread_local std::unordered_map<const Descriptor*, Shape> shapes;
    const auto [found, is_new] = shapes.try_emplace(&type);
    Shape& shape = found->second;
    if (!is_new) return shape;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const auto number = static_cast<size_t>(field.number());
      shape.fields_.resize(std::max(shape.fields_.size(), number + 1));
      const auto* const oneof = field.real_containing_oneof();
      const bool is_message = field.type() == FieldDescriptor::TYPE_MESSAGE;
      shape.fields_[number] = {
          .wire_type = static_cast<uint32_t>(WireFormat::WireTypeForFieldType(field.type())),
          .is_packable = field.is_packable(),
          .bit = uint64_t{1} << (oneof == nullptr ? field.index() % 32 : 32 + oneof->index() % 32),
          .message = is_message ? &Of(*field.message_type()) : nullptr};
    }
    return shape;
  }

  // nullptr: the parser keeps the field as one that it does not know.
  const Field* Find(uint32_t tag) const {
    const auto number = static_cast<size_t>(WireFormatLite::GetTagFieldNumber(tag));
    if (number >= fields_.size() || fields_[number].bit == 0) return nullptr;
    const Field& field = fields_[number];
    const auto wire_type = static_cast<uint32_t>(WireFormatLite::GetTagWireType(tag));
    const bool fits = wire_type == field.wire_type ||
                      (field.is_packable && wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    return fits ? &field : nullptr;
  }

 private:
  std::vector<Field> fields_;  // by number
};

// Walks through the bytes of one message. Its functions return false where these are not the bytes
// of one.
class PartCounter {
 public:
  explicit PartCounter(CodedInputStream& stream) : stream_(stream) {}

  bool CountTop(const Shape& shape) {
    while (const uint32_t tag = stream_.ReadTag()) {
      ++parts_.fields;
      if (!CountField(tag, shape.Find(tag), /*extra=*/false)) return false;
    }
    return stream_.ConsumedEntireMessage();
  }

  const MessageParts& parts() const { return parts_; }

 private:
  // What stands behind a tag. `field`: Shape::Find's.
  bool CountField(uint32_t tag, const Shape::Field* field, bool extra) {
    if (WireFormatLite::GetTagFieldNumber(tag) == 0) return false;
    const auto type = WireFormatLite::GetTagWireType(tag);
    if (type == WireFormatLite::WIRETYPE_START_GROUP) return CountGroup(tag);
    if (field == nullptr || field->message == nullptr) {
      return WireFormatLite::SkipField(&stream_, tag);
    }
    return CountMessage(*field->message, extra);
  }

  bool CountMessage(const Shape& shape, bool extra) {
    int size = 0;
    if (!stream_.ReadVarintSizeAsInt(&size) || ++depth_ > kMaxDepth) return false;
    const CodedInputStream::Limit limit = stream_.PushLimit(size);
    uint64_t seen = 0;  // bits of the fields that have come
    while (const uint32_t tag = stream_.ReadTag()) {
      const Shape::Field* const field = shape.Find(tag);
      const bool is_extra = extra || field == nullptr || (seen & field->bit) != 0;
      if (is_extra) {
        ++parts_.extra;
      } else {
        seen |= field->bit;
      }
      if (!CountField(tag, field, is_extra)) return false;
    }
    const bool whole = stream_.ConsumedEntireMessage() && stream_.BytesUntilLimit() == 0;
    stream_.PopLimit(limit);
    --depth_;
    return whole;
  }

  // No message of ours has groups.
  bool CountGroup(uint32_t begin) {
    if (++depth_ > kMaxDepth) return false;
    while (const uint32_t tag = stream_.ReadTag()) {
      if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_END_GROUP) {
        --depth_;
        return WireFormatLite::GetTagFieldNumber(tag) == WireFormatLite::GetTagFieldNumber(begin);
      }
      ++parts_.extra;
      if (!CountField(tag, nullptr, /*extra=*/true)) return false;
    }
    return false;
  }

  CodedInputStream& stream_;
  MessageParts parts_;
  int depth_ = 0;
};

absl::Status NotOne(const google::protobuf::Message& message) {
  return absl::InvalidArgumentError(
      Concat("the message is not a ", message.GetDescriptor()->name()));
}

}  // namespace

std::optional<MessageParts> CountParts(grpc::ByteBuffer& bytes, const Descriptor& type) {
  grpc::ProtoBufferReader reader(&bytes);
  CodedInputStream stream(&reader);
  PartCounter counter(stream);
  if (!counter.CountTop(Shape::Of(type))) return std::nullopt;
  return counter.parts();
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

absl::Status ParseMessage(grpc::ByteBuffer& bytes, size_t max_parts,
                          google::protobuf::Message& message) {
  const std::optional<MessageParts> parts = CountParts(bytes, *message.GetDescriptor());
  if (parts && parts->fields + parts->extra <= max_parts) return ParseMessage(bytes, message);
  bytes.Clear();
  if (!parts) return NotOne(message);
  return absl::InvalidArgumentError(
      Concat(parts->fields + parts->extra, " fields in one message, at most ", max_parts));
}

}  // namespace kache
