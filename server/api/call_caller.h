// Whom a gRPC call comes from, and when it may come back.
#ifndef KACHE_SERVER_API_CALL_CALLER_H_
#define KACHE_SERVER_API_CALL_CALLER_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/time/time.h"
#include "security/access_control.h"

namespace kache {

// By the metadata `authorization`. One that stands there more than once is none: it is not for us
// to choose.
Caller CallerOf(const grpc::ServerContext& context, const AccessControl& access);

// The value of the metadata `retry-after-ms` that goes with RESOURCE_EXHAUSTED. Zero = not known.
std::string RetryAfterMs(absl::Duration wait);

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_CALLER_H_
