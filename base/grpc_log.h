// Sends gRPC's own log lines through ours, so that they have one format and one level setting.
#ifndef KACHE_BASE_GRPC_LOG_H_
#define KACHE_BASE_GRPC_LOG_H_

namespace kache {

// Call before gRPC is used; again does no harm. gRPC says only errors, unless
// GRPC_VERBOSITY asks for more; they become warnings, as none of them ends the process.
void RouteGrpcLog();

}  // namespace kache

#endif  // KACHE_BASE_GRPC_LOG_H_
