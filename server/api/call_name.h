// What callers name their requests by, in gRPC's metadata: x-request-id, which is returned to them,
// and traceparent. What does not look as it should is passed over (base/request_name.h).
#ifndef KACHE_SERVER_API_CALL_NAME_H_
#define KACHE_SERVER_API_CALL_NAME_H_

#include <grpcpp/server_context.h>

#include "base/request_name.h"
#include "kache/v1/kache.pb.h"

namespace kache {

RequestName NameOf(const grpc::ServerContext& context);
// Of an operation of a stream: its own, else the stream's.
RequestName NameOf(const v1::PipelineOperation& operation, const grpc::ServerContext& stream);

// The caller's x-request-id goes back with the trailing metadata. Before Finish.
void ReturnRequestId(grpc::ServerContext& context);

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_NAME_H_
