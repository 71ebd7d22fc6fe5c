// Turns what gRPC says about a failed call into an absl::Status with its details (upstream.h).
#ifndef KACHE_GATEWAY_UPSTREAM_STATUS_DETAILS_H_
#define KACHE_GATEWAY_UPSTREAM_STATUS_DETAILS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace kache::gateway {

// The details are a google.rpc.Status, as gRPC's convention `grpc-status-details-bin` says; a
// kache.v1.Receipt and a google.rpc.RetryInfo among them are kept, all else is ignored.
absl::Status StatusFromGrpc(const grpc::Status& status);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_STATUS_DETAILS_H_
