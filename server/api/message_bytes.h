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

// How many fields the message has at its top, each element of a repeated one counted; nullopt =
// these are not the bytes of a message. O(fields): looks at nothing within them.
std::optional<size_t> CountFields(grpc::ByteBuffer& bytes);

// Parses the message, whose bytes are gone then. INVALID_ARGUMENT: these are not the bytes of one.
absl::Status ParseMessage(grpc::ByteBuffer& bytes, google::protobuf::Message& message);

// The same for a message of at most `max_fields` fields. INVALID_ARGUMENT: it has more, and is not
// parsed.
absl::Status ParseMessage(grpc::ByteBuffer& bytes, size_t max_fields,
                          google::protobuf::Message& message);

}  // namespace kache

#endif  // KACHE_SERVER_API_MESSAGE_BYTES_H_
