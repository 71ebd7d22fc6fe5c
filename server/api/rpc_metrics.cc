#include "server/api/rpc_metrics.h"

#include <chrono>
#include <cstddef>

#include "base/metrics.h"

namespace kache {

RpcMetrics::RpcMetrics(const std::string& rpc, prometheus::Registry& registry)
    : seconds_(prometheus::BuildHistogram()
                   .Name("kache_request_seconds")
                   .Help("Time from a call's arrival until its answer has left, by rpc.")
                   .Register(registry)
                   .Add({{"rpc", rpc}}, LatencyBuckets())) {
  auto& family = prometheus::BuildCounter()
                     .Name("kache_requests_total")
                     .Help("Calls answered, by rpc and gRPC code.")
                     .Register(registry);
  for (size_t code = 0; code < kGrpcCodes; ++code) {
    requests_[code] = &family.Add({{"rpc", rpc}, {"code", kGrpcCodeNames[code]}});
  }
}

void RpcMetrics::Count(grpc::StatusCode code, MonotonicTime start, MonotonicTime end) {
  requests_[static_cast<size_t>(code)]->Increment();
  seconds_.Observe(std::chrono::duration<double>(end - start).count());
}

}  // namespace kache
