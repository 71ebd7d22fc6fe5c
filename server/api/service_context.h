// What the handlers of kache.v1.Kache work with.
#ifndef KACHE_SERVER_API_SERVICE_CONTEXT_H_
#define KACHE_SERVER_API_SERVICE_CONTEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/histogram.h"
#include "server/api/validate.h"
#include "server/cluster/health_monitor.h"
#include "server/recovery/recovery_thread.h"
#include "server/replication/coordinator.h"

namespace kache {

struct ServiceContext {
  Coordinator& coordinator;
  uint64_t coordinator_id;
  RecoveryThread& recovery;
  const HealthMonitor& monitor;
  RequestLimits limits;
  std::vector<std::string> addresses;  // host:port by NodeId, without credentials
  uint32_t replication_factor = 3;
  absl::Time started_at;
  std::string accept_ring;            // the change of the ring that is accepted; empty = none
  prometheus::Histogram& batch_keys;  // kache_batch_keys
};

}  // namespace kache

#endif  // KACHE_SERVER_API_SERVICE_CONTEXT_H_
