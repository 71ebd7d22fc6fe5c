#include "server/api/pipeline_metrics.h"

#include <string>

#include "server/api/status_map.h"

namespace kache {
namespace {

prometheus::Histogram& Sizes(prometheus::Registry& registry, const std::string& name,
                             const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(
      {}, prometheus::Histogram::BucketBoundaries{1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096});
}

prometheus::Counter& Paused(prometheus::Registry& registry, const std::string& reason) {
  return prometheus::BuildCounter()
      .Name("kache_pipeline_paused_total")
      .Help("Times that a stream was not read for a moment, by what it had too much of.")
      .Register(registry)
      .Add({{"reason", reason}});
}

prometheus::Counter& Total(prometheus::Registry& registry, const std::string& name,
                           const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

PipelineMetrics::PipelineMetrics(prometheus::Registry& registry)
    : streams(prometheus::BuildGauge()
                  .Name("kache_pipeline_streams")
                  .Help("Pipeline streams that are open.")
                  .Register(registry)
                  .Add({})),
      operations_per_message(Sizes(registry, "kache_pipeline_message_operations",
                                   "Operations of each message received.")),
      results_per_message(
          Sizes(registry, "kache_pipeline_message_results", "Results of each message sent.")),
      paused_operations(Paused(registry, "operations")),
      paused_requests(Paused(registry, "request_bytes")),
      paused_answers(Paused(registry, "answer_bytes")),
      values_refused(Total(registry, "kache_pipeline_values_refused_total",
                           "Values not answered, as the client did not read its answers.")),
      answers_dropped(Total(registry, "kache_pipeline_answers_dropped_total",
                            "Answers to operations whose stream had broken.")),
      gets_("Get", Via::kPipeline, registry),
      puts_("Put", Via::kPipeline, registry),
      deletes_("Delete", Via::kPipeline, registry),
      touches_("Touch", Via::kPipeline, registry),
      leases_("GetOrLease", Via::kPipeline, registry),
      without_kind_("none", Via::kPipeline, registry) {}

void PipelineMetrics::CountOperation(Kind kind, absl::StatusCode code, MonotonicTime start,
                                     MonotonicTime end) {
  Of(kind).Count(ToGrpcCode(code), start, end);
}

RpcMetrics& PipelineMetrics::Of(Kind kind) {
  switch (kind) {
    case v1::PipelineOperation::kGet:
      return gets_;
    case v1::PipelineOperation::kPut:
      return puts_;
    case v1::PipelineOperation::kDelete:
      return deletes_;
    case v1::PipelineOperation::kTouch:
      return touches_;
    case v1::PipelineOperation::kGetOrLease:
      return leases_;
    case v1::PipelineOperation::OPERATION_NOT_SET:
      break;
  }
  return without_kind_;
}

}  // namespace kache
