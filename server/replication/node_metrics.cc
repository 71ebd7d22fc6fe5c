#include "server/replication/node_metrics.h"

#include <array>
#include <cstdint>
#include <ctime>

namespace kache {
namespace {

struct CounterSpec {
  const char* name;
  const char* help;
  uint64_t redis::ClientCounters::*field;
};

constexpr std::array kCounters = {
    CounterSpec{"kache_node_commands_total", "Commands sent to the node.",
                &redis::ClientCounters::commands},
    CounterSpec{"kache_node_reads_joined_total",
                "Reads answered by the reply to an equal one that was not sent yet.",
                &redis::ClientCounters::reads_joined},
    CounterSpec{"kache_node_error_replies_total", "Error replies of the node.",
                &redis::ClientCounters::error_replies},
    CounterSpec{"kache_node_timeouts_total", "Commands that the node did not answer in time.",
                &redis::ClientCounters::timeouts},
    CounterSpec{"kache_node_late_replies_total", "Replies that came after the command's timeout.",
                &redis::ClientCounters::late_replies},
    CounterSpec{"kache_node_connects_total", "Connections to the node that became ready.",
                &redis::ClientCounters::connects},
    CounterSpec{"kache_node_disconnects_total", "Connections to the node that were lost.",
                &redis::ClientCounters::disconnects},
    CounterSpec{"kache_node_resumes_total",
                "Lost connections to the node that another one took the place of at once.",
                &redis::ClientCounters::resumes},
    CounterSpec{"kache_node_requests_beyond_limits_total",
                "Requests refused because the node's own limits do not allow them.",
                &redis::ClientCounters::culprits},
    CounterSpec{"kache_node_queue_full_total",
                "Commands refused because the node's queue was full.",
                &redis::ClientCounters::queue_full},
    CounterSpec{"kache_node_script_reloads_total",
                "Times that the node had lost its scripts and got them again.",
                &redis::ClientCounters::script_reloads},
};

double ThreadCpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

NodeMetrics::NodeMetrics(prometheus::Registry& registry, const std::vector<std::string>& names,
                         size_t shard)
    : running_(prometheus::BuildGauge()
                   .Name("kache_shard_running_operations")
                   .Help("Operations not finished yet, copies written in the background included.")
                   .Register(registry)
                   .Add({{"shard", std::to_string(shard)}})),
      cpu_seconds_(prometheus::BuildCounter()
                       .Name("kache_shard_cpu_seconds_total")
                       .Help("CPU time of the shard's thread; near 1 a second, it is saturated.")
                       .Register(registry)
                       .Add({{"shard", std::to_string(shard)}})) {
  const std::string shard_label = std::to_string(shard);
  auto& waiting = prometheus::BuildGauge()
                      .Name("kache_node_waiting_commands")
                      .Help("Commands sent to the node and not answered yet.")
                      .Register(registry);
  auto& queued = prometheus::BuildGauge()
                     .Name("kache_node_queued_bytes")
                     .Help("Bytes of commands to the node, unsent or unanswered.")
                     .Register(registry);
  for (const std::string& name : names) {
    Series series{};
    for (const CounterSpec& spec : kCounters) {
      series.counters.push_back(
          &prometheus::BuildCounter().Name(spec.name).Help(spec.help).Register(registry).Add(
              {{"node", name}, {"shard", shard_label}}));
    }
    series.waiting = &waiting.Add({{"node", name}, {"shard", shard_label}});
    series.queued_bytes = &queued.Add({{"node", name}, {"shard", shard_label}});
    nodes_.push_back(std::move(series));
  }
}

void NodeMetrics::Update(const std::vector<std::unique_ptr<redis::RedisClient>>& clients) {
  for (size_t i = 0; i < clients.size(); ++i) {
    Series& series = nodes_[i];
    const redis::ClientCounters now = clients[i]->counters();
    for (size_t c = 0; c < kCounters.size(); ++c) {
      const uint64_t added = now.*kCounters[c].field - series.last.*kCounters[c].field;
      if (added > 0) series.counters[c]->Increment(static_cast<double>(added));
    }
    series.waiting->Set(static_cast<double>(now.waiting_commands));
    series.queued_bytes->Set(static_cast<double>(now.queued_bytes));
    series.last = now;
  }
}

void NodeMetrics::UpdateShard(size_t running) {
  running_.Set(static_cast<double>(running));
  const double cpu = ThreadCpuSeconds();
  if (cpu > last_cpu_seconds_) cpu_seconds_.Increment(cpu - last_cpu_seconds_);
  last_cpu_seconds_ = cpu;
}

}  // namespace kache
