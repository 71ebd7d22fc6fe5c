// How the name of a request (base/request_name.h) travels to a Kache server: in the metadata of its
// call, or beside its operation in a Pipeline stream. An empty name costs nothing.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CALL_NAME_H_
#define KACHE_CLIENT_CALL_NAME_H_

#include "base/request_name.h"
#include "grpcpp/client_context.h"
#include "kache/v1/kache.pb.h"

namespace kache {

// Before the call is started.
void NameCall(const RequestName& name, grpc::ClientContext* context);
void NameOperation(const RequestName& name, v1::PipelineOperation* operation);

}  // namespace kache

#endif  // KACHE_CLIENT_CALL_NAME_H_
