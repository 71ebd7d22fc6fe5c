// What a caller's metadata says.
#ifndef KACHE_SERVER_API_CALL_METADATA_H_
#define KACHE_SERVER_API_CALL_METADATA_H_

#include <grpcpp/server_context.h>

#include <iterator>
#include <string_view>

namespace kache {

// Empty where `key` is missing or stands more than once: it is not for us to choose. Lives as long
// as the call.
inline std::string_view CallMetadata(const grpc::ServerContext& context, const char* key) {
  const auto [first, end] = context.client_metadata().equal_range(key);
  if (first == end || std::next(first) != end) return {};
  return {first->second.data(), first->second.size()};
}

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_METADATA_H_
