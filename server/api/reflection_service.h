// grpc.reflection.v1alpha.ServerReflection on our completion queues. Not gRPC's own: that one gives
// each open stream a thread.
//
// Thread-safe.
#ifndef KACHE_SERVER_API_REFLECTION_SERVICE_H_
#define KACHE_SERVER_API_REFLECTION_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "prometheus/registry.h"
#include "server/api/call_queue.h"
#include "server/api/reflection_stream.h"

namespace kache {

class ReflectionService {
 public:
  // Describes kache.v1.Kache, the health service and itself. `registry` outlives it; so must this
  // object the queues' threads.
  explicit ReflectionService(prometheus::Registry& registry);

  grpc::Service& grpc_service() { return service_; }
  // Serves on `queue`. Call it after the gRPC server was built, before the queue starts.
  void Listen(CallQueue& queue) { ReflectionStream::Accept(service_, environment_, queue); }

  // Ends all streams with UNAVAILABLE, new ones too.
  void CloseStreams();

 private:
  ReflectionEnvironment environment_;
  AsyncReflection service_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_REFLECTION_SERVICE_H_
