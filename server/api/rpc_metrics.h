// Counts and times the calls of one rpc. All counters are looked up once, so that counting a call
// costs no map access.
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

class RpcMetrics {
 public:
  // `registry` outlives this object.
  RpcMetrics(const std::string& rpc, prometheus::Registry& registry);

  // A call was answered with `code`, and took from `start` to `end`.
  void Count(grpc::StatusCode code, MonotonicTime start, MonotonicTime end);

 private:
  std::array<prometheus::Counter*, kGrpcCodes> requests_;  // by code
  prometheus::Histogram& seconds_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_RPC_METRICS_H_
