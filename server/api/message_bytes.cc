#include "server/api/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "google/protobuf/wire_format.h"

namespace kache {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormat;
using google::protobuf::internal::WireFormatLite;

// As the parser: what is nested deeper is no message.
constexpr int kMaxDepth = 100;
constexpr ptrdiff_t kMaxVarintBytes = 10;
constexpr ptrdiff_t kMaxTagBytes = 5;
constexpr int kWireTypeBits = 3;
constexpr uint64_t kWireTypeMask = (1 << kWireTypeBits) - 1;

constexpr uint64_t LittleEndian(uint64_t value) {
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

constexpr uint32_t Bit(uint64_t wire_type) { return uint32_t{1} << wire_type; }

// What fields a type of message has, as looking them up in its descriptor takes longer than all
// else of a count.
class Shape {
 public:
  struct Field {
    uint32_t wire_types = 0;         // those in which it may come, a bit each; 0 = no such field
    uint64_t bit = 0;                // its own, or its oneof's, modulo 32 each
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
          .wire_types = Bit(WireFormat::WireTypeForFieldType(field.type())) |
                        (field.is_packable() ? Bit(WireFormatLite::WIRETYPE_LENGTH_DELIMITED) : 0),
          .bit = uint64_t{1} << (oneof == nullptr ? field.index() % 32 : 32 + oneof->index() % 32),
          .message = is_message ? &Of(*field.message_type()) : nullptr};
    }
    return shape;
  }

  // nullptr: the parser keeps the field as one that it does not know.
  const Field* Find(uint64_t tag) const {
    const uint64_t number = tag >> kWireTypeBits;
    if (number >= fields_.size()) return nullptr;
    const Field& field = fields_[number];
    return (field.wire_types & Bit(tag & kWireTypeMask)) != 0 ? &field : nullptr;
  }

 private:
  std::vector<Field> fields_;  // by number
};

// Walks through the bytes of one message. Its functions return where the walk is, and nullptr where
// these are not the bytes of one. (Protobuf's own reader takes four times as long, which one would
// see in a Pipeline's throughput.)
class PartCounter {
 public:
  using Bytes = const uint8_t*;

  bool CountTop(Bytes at, Bytes end, const Shape& shape) {
    while (at != end) {
      uint64_t tag = 0;
      ++parts_.fields;
      at = ReadTag(at, end, tag);
      if (at == nullptr) return false;
      at = CountField(at, end, tag, shape.Find(tag), /*extra=*/false);
      if (at == nullptr) return false;
    }
    return true;
  }

  const MessageParts& parts() const { return parts_; }

 private:
  static constexpr uint8_t kMore = 0x80;  // in each byte of a varint but the last

  static Bytes ReadVarint(Bytes at, Bytes end, uint64_t& value) {
    if (at != end && *at < kMore) {
      value = *at;
      return at + 1;
    }
    value = 0;
    for (int shift = 0; shift < 64 && at != end; shift += 7) {
      const uint64_t byte = *at++;
      value |= (byte & (kMore - 1)) << shift;
      if (byte < kMore) return at;
    }
    return nullptr;
  }

  static Bytes SkipVarint(Bytes at, Bytes end) {
    if (end - at >= ptrdiff_t{sizeof(uint64_t)}) {
      uint64_t next = 0;
      std::memcpy(&next, at, sizeof(next));
      constexpr uint64_t kMoreInEach = 0x8080808080808080;
      const uint64_t last = ~LittleEndian(next) & kMoreInEach;
      if (last != 0) return at + std::countr_zero(last) / CHAR_BIT + 1;
    }
    const Bytes last = end - at > kMaxVarintBytes ? at + kMaxVarintBytes : end;
    while (at != last) {
      if (*at++ < kMore) return at;
    }
    return nullptr;
  }

  static Bytes Skip(Bytes at, Bytes end, uint64_t size) {
    return size <= static_cast<uint64_t>(end - at) ? at + size : nullptr;
  }

  // As the parser: of five bytes at most, whose bits beyond 32 are dropped.
  static Bytes ReadTag(Bytes at, Bytes end, uint64_t& tag) {
    at = ReadVarint(at, end - at > kMaxTagBytes ? at + kMaxTagBytes : end, tag);
    tag = static_cast<uint32_t>(tag);
    return tag >> kWireTypeBits != 0 ? at : nullptr;
  }

  // What stands behind a tag. `field`: Shape::Find's.
  Bytes CountField(Bytes at, Bytes end, uint64_t tag, const Shape::Field* field, bool extra) {
    const uint64_t type = tag & kWireTypeMask;
    if (type == WireFormatLite::WIRETYPE_VARINT) return SkipVarint(at, end);
    if (type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      uint64_t size = 0;
      at = ReadVarint(at, end, size);
      const Bytes behind = at == nullptr ? nullptr : Skip(at, end, size);
      if (behind == nullptr || field == nullptr || field->message == nullptr) return behind;
      return CountMessage(at, behind, *field->message, extra) ? behind : nullptr;
    }
    if (type == WireFormatLite::WIRETYPE_FIXED64) return Skip(at, end, sizeof(uint64_t));
    if (type == WireFormatLite::WIRETYPE_FIXED32) return Skip(at, end, sizeof(uint32_t));
    return type == WireFormatLite::WIRETYPE_START_GROUP ? CountGroup(at, end, tag) : nullptr;
  }

  bool CountMessage(Bytes at, Bytes end, const Shape& shape, bool extra) {
    if (++depth_ > kMaxDepth) return false;
    uint64_t seen = 0;  // bits of the fields that have come
    while (at != end) {
      uint64_t tag = 0;
      at = ReadTag(at, end, tag);
      if (at == nullptr) return false;
      const Shape::Field* const field = shape.Find(tag);
      const bool is_extra = extra || field == nullptr || (seen & field->bit) != 0;
      if (is_extra) {
        ++parts_.extra;
      } else {
        seen |= field->bit;
      }
      at = CountField(at, end, tag, field, is_extra);
      if (at == nullptr) return false;
    }
    --depth_;
    return true;
  }

  // No message of ours has groups.
  Bytes CountGroup(Bytes at, Bytes end, uint64_t begin) {
    if (++depth_ > kMaxDepth) return nullptr;
    while (at != nullptr) {
      uint64_t tag = 0;
      at = ReadTag(at, end, tag);
      if (at == nullptr) return nullptr;
      if ((tag & kWireTypeMask) == WireFormatLite::WIRETYPE_END_GROUP) {
        --depth_;
        return tag >> kWireTypeBits == begin >> kWireTypeBits ? at : nullptr;
      }
      ++parts_.extra;
      at = CountField(at, end, tag, nullptr, /*extra=*/true);
    }
    return nullptr;
  }

  MessageParts parts_;
  int depth_ = 0;
};

// The bytes as one piece: `bytes` is that piece afterwards.
grpc::Slice OnePiece(grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.TrySingleSlice(&slice).ok() && bytes.DumpToSingleSlice(&slice).ok()) {
    bytes = grpc::ByteBuffer(&slice, 1);
  }
  return slice;
}

absl::Status NotOne(const google::protobuf::Message& message) {
  return absl::InvalidArgumentError(
      Concat("the message is not a ", message.GetDescriptor()->name()));
}

}  // namespace

std::optional<MessageParts> CountParts(grpc::ByteBuffer& bytes, const Descriptor& type) {
  const grpc::Slice slice = OnePiece(bytes);
  PartCounter counter;
  if (!counter.CountTop(slice.begin(), slice.end(), Shape::Of(type))) return std::nullopt;
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

size_t ParsedBytes(const google::protobuf::Message& message, size_t text) {
  // As clients write it: numbers, a stamp, names.
  constexpr size_t kUsualBytes = 1024;
  const size_t bytes = message.ByteSizeLong();
  return bytes <= text + kUsualBytes ? bytes : message.SpaceUsedLong();
}

}  // namespace kache
