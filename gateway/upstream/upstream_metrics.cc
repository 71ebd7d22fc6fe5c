#include "gateway/upstream/upstream_metrics.h"

#include "spdlog/spdlog.h"

namespace kache::gateway {

UpstreamMetrics::UpstreamMetrics(prometheus::Registry& registry)
    : calls_(prometheus::BuildCounter()
                 .Name("kache_gateway_upstream_requests_total")
                 .Help("Calls to Kache servers, each counted once, by rpc and outcome")
                 .Register(registry)),
      retries_(prometheus::BuildCounter()
                   .Name("kache_gateway_upstream_retries_total")
                   .Help("Further attempts of calls that a server could not take")
                   .Register(registry)
                   .Add({})),
      retries_refused_(prometheus::BuildCounter()
                           .Name("kache_gateway_upstream_retries_refused_total")
                           .Help("Attempts not made because too many calls fail")
                           .Register(registry)
                           .Add({})),
      restamps_(prometheus::BuildCounter()
                    .Name("kache_gateway_upstream_restamps_total")
                    .Help("Writes that lost to a newer version and were sent again above it")
                    .Register(registry)
                    .Add({})),
      healthy_(prometheus::BuildGauge()
                   .Name("kache_gateway_upstream_healthy_servers")
                   .Help("Entries of KACHE_SERVERS behind which a server can serve keys")
                   .Register(registry)
                   .Add({})),
      streams_(prometheus::BuildGauge()
                   .Name("kache_gateway_upstream_streams")
                   .Help("Pipeline streams to Kache servers that are open")
                   .Register(registry)
                   .Add({})),
      streams_ended_(prometheus::BuildCounter()
                         .Name("kache_gateway_upstream_streams_ended_total")
                         .Help("Open Pipeline streams that broke or were ended by the server")
                         .Register(registry)
                         .Add({})),
      streams_frozen_(prometheus::BuildCounter()
                          .Name("kache_gateway_upstream_streams_frozen_total")
                          .Help("Those that were given up because the server was silent")
                          .Register(registry)
                          .Add({})),
      message_operations_(
          prometheus::BuildHistogram()
              .Name("kache_gateway_upstream_message_operations")
              .Help("Operations of each message sent on Pipeline streams")
              .Register(registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{1, 2, 4, 8, 16, 32, 64, 256})) {}

void UpstreamMetrics::OnServer(const std::string& address, bool is_usable, size_t usable) {
  spdlog::info("kache server {} address={}", is_usable ? "is serving" : "is not available",
               address);
  healthy_.Set(static_cast<double>(usable));
}

void UpstreamMetrics::OnCallEnd(Rpc rpc, absl::StatusCode code) {
  const auto number = static_cast<size_t>(code);
  if (number >= kCodes) return;
  std::atomic<prometheus::Counter*>& slot = counters_[static_cast<size_t>(rpc)][number];
  prometheus::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    // Two threads may both come here: Add returns the same counter to both.
    counter = &calls_.Add({{"rpc", RpcName(rpc)}, {"code", absl::StatusCodeToString(code)}});
    slot.store(counter, std::memory_order_release);
  }
  counter->Increment();
}

}  // namespace kache::gateway
