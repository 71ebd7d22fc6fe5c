#include "server/api/rpc_metrics.h"

#include <chrono>
#include <cstddef>

#include "base/metrics.h"

namespace kache {
namespace {

const char* ViaName(Via via) { return via == Via::kUnary ? "unary" : "pipeline"; }

}  // namespace

RpcMetrics::RpcMetrics(const std::string& rpc, Via via, prometheus::Registry& registry)
    : seconds_(prometheus::BuildHistogram()
                   .Name("kache_request_seconds")
                   .Help("Time from the arrival of a call, or of an operation's message, until its "
                         "answer has left, or was handed to gRPC; by rpc and way.")
                   .Register(registry)
                   .Add({{"rpc", rpc}, {"via", ViaName(via)}}, LatencyBuckets())) {
  auto& family = prometheus::BuildCounter()
                     .Name("kache_requests_total")
                     .Help(
                         "Calls, and operations of Pipeline streams, answered; by rpc, way and "
                         "gRPC code.")
                     .Register(registry);
  for (size_t code = 0; code < kGrpcCodes; ++code) {
    requests_[code] =
        &family.Add({{"rpc", rpc}, {"via", ViaName(via)}, {"code", kGrpcCodeNames[code]}});
  }
}

void RpcMetrics::Count(grpc::StatusCode code, MonotonicTime start, MonotonicTime end) {
  requests_[static_cast<size_t>(code)]->Increment();
  seconds_.Observe(std::chrono::duration<double>(end - start).count());
}

}  // namespace kache
