// Counts what happens on the way to the Kache servers.
//   kache_gateway_upstream_requests_total{rpc,code}   calls, each counted once, by their outcome
//   kache_gateway_upstream_retries_total              further attempts of calls
//   kache_gateway_upstream_retries_refused_total      attempts not made, as too many calls fail
//   kache_gateway_upstream_healthy_servers            entries of KACHE_SERVERS that can be used
//   kache_gateway_upstream_streams                    Pipeline streams that are open
//   kache_gateway_upstream_streams_ended_total        of which broke or were ended by the server
//   kache_gateway_upstream_streams_frozen_total       of which were given up, as they were silent
//   kache_gateway_upstream_message_operations         operations of each message sent
//
// Thread-safe.
#ifndef KACHE_GATEWAY_UPSTREAM_UPSTREAM_METRICS_H_
#define KACHE_GATEWAY_UPSTREAM_UPSTREAM_METRICS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache::gateway {

enum class Rpc : uint8_t {
  kGet,
  kPut,
  kDelete,
  kBatchGet,
  kBatchPut,
  kBatchDelete,
  kGetStatus,
  kLocate,
  kCount,
};
const char* RpcName(Rpc rpc);

class UpstreamMetrics {
 public:
  explicit UpstreamMetrics(prometheus::Registry& registry);  // which outlives it

  void CountCall(Rpc rpc, absl::StatusCode code);
  void CountRetry() { retries_.Increment(); }
  void CountRetryRefused() { retries_refused_.Increment(); }
  void SetHealthyServers(size_t servers) { healthy_.Set(static_cast<double>(servers)); }
  void SetStreams(size_t streams) { streams_.Set(static_cast<double>(streams)); }
  void CountStreamEnded() { streams_ended_.Increment(); }
  void CountStreamFrozen() { streams_frozen_.Increment(); }
  void ObserveMessage(int operations) { message_operations_.Observe(operations); }

 private:
  static constexpr size_t kCodes = 17;

  prometheus::Family<prometheus::Counter>& calls_;
  // Filled as outcomes are first seen, so that counting needs no lookup by labels.
  std::array<std::array<std::atomic<prometheus::Counter*>, kCodes>,
             static_cast<size_t>(Rpc::kCount)>
      counters_ = {};
  prometheus::Counter& retries_;
  prometheus::Counter& retries_refused_;
  prometheus::Gauge& healthy_;
  prometheus::Gauge& streams_;
  prometheus::Counter& streams_ended_;
  prometheus::Counter& streams_frozen_;
  prometheus::Histogram& message_operations_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_UPSTREAM_METRICS_H_
