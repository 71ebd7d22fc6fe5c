// Counts what happens on Pipeline streams. All counters are looked up once.
//
// Thread-safe.
#ifndef KACHE_SERVER_API_PIPELINE_METRICS_H_
#define KACHE_SERVER_API_PIPELINE_METRICS_H_

#include "absl/status/status.h"
#include "base/clock.h"
#include "kache/v1/kache.pb.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/api/rpc_metrics.h"

namespace kache {

class PipelineMetrics {
 public:
  // `registry` outlives this object.
  explicit PipelineMetrics(prometheus::Registry& registry);

  using Kind = v1::PipelineOperation::OperationCase;

  // An operation's answer was handed to gRPC.
  void CountOperation(Kind kind, absl::StatusCode code, MonotonicTime start, MonotonicTime end);

  prometheus::Gauge& streams;
  prometheus::Histogram& operations_per_message;
  prometheus::Histogram& results_per_message;
  // A stream's operations were not taken, or its messages not read, for a moment:
  prometheus::Counter& paused_operations;  // as many as are allowed are unanswered
  prometheus::Counter& paused_requests;    // their requests hold as many bytes as are allowed
  prometheus::Counter& paused_answers;     // the client does not read its answers
  // Values that were not answered, as the client does not read its answers.
  prometheus::Counter& values_refused;
  // Answers of streams that broke before.
  prometheus::Counter& answers_dropped;

 private:
  RpcMetrics& Of(Kind kind);

  RpcMetrics gets_;
  RpcMetrics puts_;
  RpcMetrics deletes_;
  RpcMetrics touches_;
  RpcMetrics leases_;
  RpcMetrics without_kind_;  // operations that name none: refused
};

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_METRICS_H_
