// Checks what callers send, before anything is done. Pure. Messages name the field and the limit,
// never a key or a value.
//
// A request that is wrong as a whole is refused by Validate: INVALID_ARGUMENT, or UNIMPLEMENTED for
// what this release does not offer. A wrong entry of a batch is that entry's own error: ValidateKey
// and ValidateWrite.
#ifndef KACHE_SERVER_API_VALIDATE_H_
#define KACHE_SERVER_API_VALIDATE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "kache/v1/kache.pb.h"

namespace kache {

struct RequestLimits {
  size_t max_key_bytes = 1024;
  size_t max_value_bytes = size_t{1} << 20;
  size_t max_batch_keys = 1000;
  // Keys and values of a request together; values of a BatchGet's answer together.
  size_t max_batch_bytes = size_t{3} << 20;
};

absl::Status ValidateKey(std::string_view key, const RequestLimits& limits);
absl::Status ValidateWrite(std::string_view key, std::string_view value, int64_t ttl_ms,
                           const RequestLimits& limits);

// A stamp that is set names a clock, in the upper 48 bits alone, and an instant. Only a put may
// have the token of a lease.
absl::Status ValidateStamp(const v1::Stamp& stamp, bool of_put = false);

absl::Status Validate(const v1::GetRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::PutRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::DeleteRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::TouchRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::BatchGetRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::BatchPutRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::BatchDeleteRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::BatchTouchRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::GetOrLeaseRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::LocateRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::GetStatusRequest& request, const RequestLimits& limits);
absl::Status Validate(const v1::ForsakeNodeRequest& request, const RequestLimits& limits);

}  // namespace kache

#endif  // KACHE_SERVER_API_VALIDATE_H_
