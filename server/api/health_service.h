// grpc.health.v1.Health on our completion queues. Not gRPC's own: that one brings threads which
// take part in the polling of all connections, and its Watch streams would hold up every stop until
// the drain time is over.
//
// Thread-safe.
#ifndef KACHE_SERVER_API_HEALTH_SERVICE_H_
#define KACHE_SERVER_API_HEALTH_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "prometheus/registry.h"
#include "server/api/call_queue.h"
#include "server/api/health_watch.h"
#include "server/api/unary_call.h"

namespace kache {

class HealthService {
 public:
  // Knows no service until Set. `policy` and `registry` outlive it; so must this object the queues'
  // threads.
  HealthService(const CallPolicy& policy, prometheus::Registry& registry);

  grpc::Service& grpc_service() { return service_; }
  // Serves on `queue`. Call it after the gRPC server was built, before the queue starts.
  void Listen(CallQueue& queue);

  // Watchers of `service` are told.
  void Set(const std::string& service, bool serving);

  // Ends all Watch streams with UNAVAILABLE, once they were told the last state.
  void CloseWatches();

 private:
  absl::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse& response);

  const CallPolicy& policy_;
  prometheus::Registry& registry_;
  AsyncHealth service_;
  WatchBoard board_;
  std::vector<std::unique_ptr<CallEndpoint>> endpoints_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_HEALTH_SERVICE_H_
