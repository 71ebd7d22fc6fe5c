// The Pipeline streams of one completion queue.
//
// Queue's thread only, but for CloseStreams.
#ifndef KACHE_SERVER_API_PIPELINE_ENDPOINT_H_
#define KACHE_SERVER_API_PIPELINE_ENDPOINT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <utility>

#include "base/byte_budget.h"
#include "server/api/call_queue.h"
#include "server/api/pipeline_metrics.h"
#include "server/api/pipeline_stream.h"
#include "server/api/pipeline_window.h"
#include "server/api/service_context.h"
#include "server/api/unary_call.h"

namespace kache {

// What the streams of all queues share; outlives them.
struct PipelineEnvironment {
  ServiceContext& context;
  const CallPolicy& policy;
  PipelineLimits limits;
  PipelineMetrics metrics;
  // Refusals that wait for their clients to read them: of some 7,000 operations. Nothing else
  // counts them, as it is for want of room that they are there.
  ByteBudget refusals{int64_t{4} << 20};
};

class PipelineEndpoint final : public CallEndpoint, private Posted {
 public:
  // Asks gRPC for the next stream: the generated service's RequestPipeline.
  using Request = std::function<void(grpc::ServerContext*, PipelineStream::GrpcStream*,
                                     grpc::ServerCompletionQueue*, void*)>;

  // Starts to accept.
  PipelineEndpoint(Request request, PipelineEnvironment& environment, CallQueue& queue);

  // Ends all streams with UNAVAILABLE, once what they have sent is answered; new ones too.
  // Thread-safe; call it once, before the queue is closed.
  void CloseStreams() { queue_.Post(this); }

  void Add(PipelineStream* stream);
  void Remove(PipelineStream* stream);
  bool closing() const { return closing_; }

  const Request& request() const { return request_; }
  PipelineEnvironment& environment() { return environment_; }
  CallQueue& queue() { return queue_; }

 private:
  void RunPosted() override;

  const Request request_;
  PipelineEnvironment& environment_;
  CallQueue& queue_;
  std::unordered_set<PipelineStream*> streams_;
  bool closing_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_ENDPOINT_H_
