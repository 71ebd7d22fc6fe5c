// kache.v1.Kache: which handler serves which rpc. kache_service.cc holds the table.
#ifndef KACHE_SERVER_API_KACHE_SERVICE_H_
#define KACHE_SERVER_API_KACHE_SERVICE_H_

#include <memory>
#include <vector>

#include "prometheus/registry.h"
#include "server/api/call_queue.h"
#include "server/api/pipeline_endpoint.h"
#include "server/api/pipeline_window.h"
#include "server/api/service_context.h"
#include "server/api/unary_call.h"

namespace kache {

class KacheService {
 public:
  // `policy` and `registry`, and what `context` refers to, outlive this object, which outlives the
  // queues' threads.
  KacheService(ServiceContext context, const CallPolicy& policy,
               const PipelineLimits& pipeline_limits, prometheus::Registry& registry);
  ~KacheService();

  grpc::Service& grpc_service();
  // Serves all rpcs on `queue`. Call it after the gRPC server was built, before the queue starts.
  void Listen(CallQueue& queue);
  // As PipelineEndpoint::CloseStreams, on all queues.
  void CloseStreams();
  // No Pipeline stream is open. Thread-safe.
  bool StreamsOver() const { return pipeline_.metrics.streams.Value() == 0; }

 private:
  class GrpcService;
  class Table;

  ServiceContext context_;
  const CallPolicy& policy_;
  prometheus::Registry& registry_;
  PipelineEnvironment pipeline_;
  std::unique_ptr<GrpcService> grpc_;
  std::vector<std::unique_ptr<CallEndpoint>> endpoints_;
  std::vector<std::unique_ptr<PipelineEndpoint>> streams_;  // by queue
};

}  // namespace kache

#endif  // KACHE_SERVER_API_KACHE_SERVICE_H_
