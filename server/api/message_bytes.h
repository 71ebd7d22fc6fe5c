// Messages of many parts, as they arrived. Their parts take many times their bytes once they are
// parsed, so they are counted before: 3 MiB of empty parts would become 170 MiB, or, with what is
// kept for each operation, 780.
//
// Thread-compatible.
#ifndef KACHE_SERVER_API_MESSAGE_BYTES_H_
#define KACHE_SERVER_API_MESSAGE_BYTES_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace kache {

struct MessageParts {
  // Fields at its top, each element of a repeated one counted.
  size_t fields = 0;
  // Of the fields within these, at any depth, those that take memory beyond what each message of
  // the type takes: fields that this release does not know; fields that come again, also as another
  // one of the same oneof; and all that is within such fields.
  size_t extra = 0;
};

// What an extra part takes at most once it is parsed, beside its bytes.
inline constexpr size_t kExtraPartBytes = 128;

// Counts the parts of a message of that type; nullopt = these are not the bytes of one. O(parts).
std::optional<MessageParts> CountParts(grpc::ByteBuffer& bytes,
                                       const google::protobuf::Descriptor& type);

// Parses the message, whose bytes are gone then. INVALID_ARGUMENT: these are not the bytes of one.
absl::Status ParseMessage(grpc::ByteBuffer& bytes, google::protobuf::Message& message);

// The same for a message of at most `max_parts` fields and extra parts together. INVALID_ARGUMENT:
// it has more, and is not parsed.
absl::Status ParseMessage(grpc::ByteBuffer& bytes, size_t max_parts,
                          google::protobuf::Message& message);

// What a parsed message takes of memory, of whose bytes `text` are keys and values. Fields that
// this release does not know take many times their bytes.
size_t ParsedBytes(const google::protobuf::Message& message, size_t text);

}  // namespace kache

#endif  // KACHE_SERVER_API_MESSAGE_BYTES_H_
