#include "server/api/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdint>

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

// Walks through the bytes of one message. Its functions return false where these are not the bytes
// of one.
class PartCounter {
 public:
  explicit PartCounter(CodedInputStream& stream) : stream_(stream) {}

  bool CountTop(const Descriptor& type) {
    while (const uint32_t tag = stream_.ReadTag()) {
      ++parts_.fields;
      if (!CountField(tag, KnownField(type, tag), /*extra=*/false)) return false;
    }
    return stream_.ConsumedEntireMessage();
  }

  const MessageParts& parts() const { return parts_; }

 private:
  // Which fields of a message have come: by index, those of a oneof as one.
  class Seen {
   public:
    bool Add(const FieldDescriptor& field) {
      const auto* oneof = field.real_containing_oneof();
      const int bit = oneof == nullptr ? field.index() % 32 : 32 + oneof->index() % 32;
      const bool is_new = (bits_ >> bit & 1) == 0;
      bits_ |= uint64_t{1} << bit;
      return is_new;
    }

   private:
    uint64_t bits_ = 0;
  };

  // nullptr: the parser keeps the field as one that it does not know.
  static const FieldDescriptor* KnownField(const Descriptor& type, uint32_t tag) {
    const FieldDescriptor* const field =
        type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    if (field == nullptr) return nullptr;
    const auto wire_type = WireFormatLite::GetTagWireType(tag);
    const bool fits =
        wire_type == WireFormat::WireTypeForFieldType(field->type()) ||
        (field->is_packable() && wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    return fits ? field : nullptr;
  }

  // What stands behind a tag. `field`: KnownField's.
  bool CountField(uint32_t tag, const FieldDescriptor* field, bool extra) {
    if (WireFormatLite::GetTagFieldNumber(tag) == 0) return false;
    const auto type = WireFormatLite::GetTagWireType(tag);
    if (type == WireFormatLite::WIRETYPE_START_GROUP) return CountGroup(tag);
    if (field == nullptr || type != WireFormatLite::WIRETYPE_LENGTH_DELIMITED ||
        field->type() != FieldDescriptor::TYPE_MESSAGE) {
      return WireFormatLite::SkipField(&stream_, tag);
    }
    return CountMessage(*field->message_type(), extra);
  }

  bool CountMessage(const Descriptor& type, bool extra) {
    int size = 0;
    if (!stream_.ReadVarintSizeAsInt(&size) || ++depth_ > kMaxDepth) return false;
    const CodedInputStream::Limit limit = stream_.PushLimit(size);
    Seen seen;
    while (const uint32_t tag = stream_.ReadTag()) {
      const FieldDescriptor* const field = KnownField(type, tag);
      const bool is_extra = extra || field == nullptr || !seen.Add(*field);
      if (is_extra) ++parts_.extra;
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
  if (!counter.CountTop(type)) return std::nullopt;
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
