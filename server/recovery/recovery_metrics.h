// What the recovery counts. Thread-safe; the registry outlives this.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_METRICS_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_METRICS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "server/cluster/health_monitor.h"

namespace kache {

struct RecoveryMetrics {
  // Gauges and counters with the label node are by NodeId.
  RecoveryMetrics(prometheus::Registry& registry, const std::vector<std::string>& names);

  prometheus::Counter& looks_failed;
  std::vector<prometheus::Counter*> fences;
  std::vector<prometheus::Counter*> markers_restored;
  std::vector<prometheus::Counter*> resyncs_done;
  std::vector<prometheus::Counter*> resyncs_failed;
  std::vector<prometheus::Gauge*> resync_left;
  std::vector<prometheus::Counter*> hints_replayed;
  std::vector<prometheus::Counter*> hint_overflows;
  std::vector<prometheus::Gauge*> hints_held;
  std::vector<prometheus::Gauge*> hints_denied;
  std::vector<prometheus::Gauge*> doubts;
  prometheus::Counter& resync_seen;
  prometheus::Counter& resync_copied;
  prometheus::Counter& resync_removed;
  prometheus::Counter& resync_slowed;
  std::vector<prometheus::Counter*> left_out;
  prometheus::Counter& sweeps;
  prometheus::Counter& sweeps_failed;
  prometheus::Counter& sweep_repaired;
  prometheus::Counter& sweep_removed;
  prometheus::Counter& coordinators_vanished;
  prometheus::Counter& forsaken;
  prometheus::Counter& data_losses;
  prometheus::Gauge& ring_mismatch;
  prometheus::Gauge& in_minority;
  prometheus::Gauge& oldest_sweep;

  // How old the oldest of the nodes' last sweeps is; nodes of which it is not known are left out.
  void ShowSweeps(absl::Time now, const std::vector<HealthMonitor::Recovery>& recoveries);
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_METRICS_H_
