// What a caller's metadata says.
#ifndef KACHE_SERVER_API_CALL_METADATA_H_
#define KACHE_SERVER_API_CALL_METADATA_H_

#include <grpcpp/server_context.h>

#include <cstddef>
#include <iterator>
#include <string_view>

#include "absl/status/status.h"

namespace kache {

// Empty where `key` is missing or stands more than once: it is not for us to choose. Lives as long
// as the call.
inline std::string_view CallMetadata(const grpc::ServerContext& context, const char* key) {
  const auto [first, end] = context.client_metadata().equal_range(key);
  if (first == end || std::next(first) != end) return {};
  return {first->second.data(), first->second.size()};
}

// RESOURCE_EXHAUSTED where a stream began with more metadata than clients have a use for: gRPC
// keeps it as long as the stream, and bounds it by frame only.
inline absl::Status CheckMetadata(const grpc::ServerContext& context) {
  constexpr size_t kMaxBytes = size_t{16} << 10;
  constexpr size_t kFieldBytes = 32;  // beside its text, as in HTTP/2
  size_t bytes = 0;
  for (const auto& [key, value] : context.client_metadata()) {
    bytes += key.size() + value.size() + kFieldBytes;
  }
  if (bytes <= kMaxBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError("the stream's metadata takes more than 16 KiB");
}

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_METADATA_H_
