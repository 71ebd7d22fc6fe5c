// Whom a gRPC call comes from.
#ifndef KACHE_SERVER_API_CALL_CALLER_H_
#define KACHE_SERVER_API_CALL_CALLER_H_

#include <grpcpp/server_context.h>

#include "security/access_control.h"

namespace kache {

// By the metadata `authorization`. One that stands there more than once is none: it is not for us
// to choose.
Caller CallerOf(const grpc::ServerContext& context, const AccessControl& access);

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_CALLER_H_
