// Counts what happens on the way to the Kache servers, and tells the log which of them serve.
//   kache_gateway_upstream_requests_total{rpc,code}   calls, each counted once, by their outcome
//   kache_gateway_upstream_retries_total              further attempts of calls
//   kache_gateway_upstream_retries_refused_total      attempts not made, as too many calls fail
//   kache_gateway_upstream_restamps_total             writes sent again above a newer version
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
#include <string>

#include "absl/status/status.h"
#include "client/rpc.h"
#include "client/transport_observer.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache::gateway {

class UpstreamMetrics final : public TransportObserver {
 public:
  explicit UpstreamMetrics(prometheus::Registry& registry);  // which outlives it

  void OnCallEnd(Rpc rpc, absl::StatusCode code) override;
  void OnRetry() override { retries_.Increment(); }
  void OnRetryRefused() override { retries_refused_.Increment(); }
  void OnRestamped() override { restamps_.Increment(); }
  void OnServer(const std::string& address, bool is_usable, size_t usable) override;
  void OnStreams(size_t open) override { streams_.Set(static_cast<double>(open)); }
  void OnStreamEnded() override { streams_ended_.Increment(); }
  void OnStreamFrozen() override { streams_frozen_.Increment(); }
  void OnMessage(int operations) override { message_operations_.Observe(operations); }

 private:
  static constexpr size_t kCodes = 17;

  prometheus::Family<prometheus::Counter>& calls_;
  // Filled as outcomes are first seen, so that counting needs no lookup by labels.
  std::array<std::array<std::atomic<prometheus::Counter*>, kCodes>,
             static_cast<size_t>(Rpc::kCount)>
      counters_ = {};
  prometheus::Counter& retries_;
  prometheus::Counter& retries_refused_;
  prometheus::Counter& restamps_;
  prometheus::Gauge& healthy_;
  prometheus::Gauge& streams_;
  prometheus::Counter& streams_ended_;
  prometheus::Counter& streams_frozen_;
  prometheus::Histogram& message_operations_;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_UPSTREAM_METRICS_H_
