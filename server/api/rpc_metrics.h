// Counts and times the calls of one rpc, or the operations of Pipeline streams that do the same:
// one family of metrics for both, with the label `via`. So a query without that label sees all
// traffic, whichever way clients take. All counters are looked up once: to count costs no map
// access.
//
// Thread-safe.
#ifndef KACHE_SERVER_API_RPC_METRICS_H_
#define KACHE_SERVER_API_RPC_METRICS_H_

#include <array>
#include <string>

#include "base/clock.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/api/status_map.h"

namespace kache {

// The way by which requests come.
enum class Via { kUnary, kPipeline };

class RpcMetrics {
 public:
  // `registry` outlives this object.
  RpcMetrics(const std::string& rpc, Via via, prometheus::Registry& registry);

  // A call, or an operation, was answered with `code`, and took from `start` to `end`.
  void Count(grpc::StatusCode code, MonotonicTime start, MonotonicTime end);

 private:
  std::array<prometheus::Counter*, kGrpcCodes> requests_;  // by code
  prometheus::Histogram& seconds_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_RPC_METRICS_H_
