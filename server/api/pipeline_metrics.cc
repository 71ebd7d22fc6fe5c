#include "server/api/pipeline_metrics.h"

#include <chrono>
#include <string>

#include "base/metrics.h"

namespace kache {
namespace {

constexpr const char* kKindNames[] = {"get", "put", "delete", "touch", "none"};

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
                            "Answers to operations whose stream had broken.")) {
  auto& operations = prometheus::BuildCounter()
                         .Name("kache_pipeline_operations_total")
                         .Help("Operations answered on streams, by operation and gRPC code.")
                         .Register(registry);
  auto& seconds =
      prometheus::BuildHistogram()
          .Name("kache_pipeline_operation_seconds")
          .Help("Time from a message's arrival until an operation's answer was handed to gRPC.")
          .Register(registry);
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (size_t code = 0; code < kGrpcCodes; ++code) {
      kinds_[kind].operations[code] =
          &operations.Add({{"operation", kKindNames[kind]}, {"code", kGrpcCodeNames[code]}});
    }
    kinds_[kind].seconds = &seconds.Add({{"operation", kKindNames[kind]}}, LatencyBuckets());
  }
}

void PipelineMetrics::CountOperation(Kind kind, absl::StatusCode code, MonotonicTime start,
                                     MonotonicTime end) {
  const PerKind& counts = kinds_[Index(kind)];
  counts.operations[static_cast<size_t>(ToGrpcCode(code))]->Increment();
  counts.seconds->Observe(std::chrono::duration<double>(end - start).count());
}

size_t PipelineMetrics::Index(Kind kind) {
  switch (kind) {
    case v1::PipelineOperation::kGet:
      return 0;
    case v1::PipelineOperation::kPut:
      return 1;
    case v1::PipelineOperation::kDelete:
      return 2;
    case v1::PipelineOperation::kTouch:
      return 3;
    case v1::PipelineOperation::OPERATION_NOT_SET:
      break;
  }
  return kKinds - 1;
}

}  // namespace kache
