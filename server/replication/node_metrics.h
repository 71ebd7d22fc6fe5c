// Publishes one shard's connection counters as Prometheus metrics, with the labels node and shard,
// and how busy the shard's thread is.
//
// Shard thread only, but for the constructor.
#ifndef KACHE_SERVER_REPLICATION_NODE_METRICS_H_
#define KACHE_SERVER_REPLICATION_NODE_METRICS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "server/redis/redis_client.h"

namespace kache {

class NodeMetrics {
 public:
  NodeMetrics(prometheus::Registry& registry, const std::vector<std::string>& names, size_t shard);

  // Adds what the clients, by NodeId, have counted since the last call.
  void Update(const std::vector<std::unique_ptr<redis::RedisClient>>& clients);
  // `running`: operations that are not finished. Also takes the calling thread's CPU time.
  void UpdateShard(size_t running);

 private:
  struct Series {
    std::vector<prometheus::Counter*> counters;  // as kCounters in the .cc
    prometheus::Gauge* waiting;
    prometheus::Gauge* queued_bytes;
    redis::ClientCounters last;
  };
  std::vector<Series> nodes_;
  prometheus::Gauge& running_;
  prometheus::Counter& cpu_seconds_;
  double last_cpu_seconds_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_NODE_METRICS_H_
