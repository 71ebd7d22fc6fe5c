// The one table from our status codes to gRPC's. Pure.
#ifndef KACHE_SERVER_API_STATUS_MAP_H_
#define KACHE_SERVER_API_STATUS_MAP_H_

#include <grpcpp/support/status.h>

#include <array>
#include <cstddef>

#include "absl/status/status.h"

namespace kache {

// Never UNKNOWN: what has no meaning of its own becomes INTERNAL.
grpc::StatusCode ToGrpcCode(absl::StatusCode code);
// With all that the status carries as details (status_details.h).
grpc::Status ToGrpcStatus(const absl::Status& status);

// gRPC's codes run from 0 to 16.
inline constexpr size_t kGrpcCodes = 17;
// "OK", "INVALID_ARGUMENT", ... by number.
extern const std::array<const char*, kGrpcCodes> kGrpcCodeNames;

}  // namespace kache

#endif  // KACHE_SERVER_API_STATUS_MAP_H_
