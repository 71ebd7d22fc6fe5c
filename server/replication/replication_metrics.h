// What the data path counts: each way in which an operation can go otherwise than in the quiet
// case has a counter. Thread-safe; the registry outlives this.
#ifndef KACHE_SERVER_REPLICATION_REPLICATION_METRICS_H_
#define KACHE_SERVER_REPLICATION_REPLICATION_METRICS_H_

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache {

// Why a replica did not do its part of an operation.
struct ReplicaFailures {
  prometheus::Counter& timeout;
  prometheus::Counter& connection;
  prometheus::Counter& queue_full;
  prometheus::Counter& error_reply;
  prometheus::Counter& node_limit;

  // The counter for what a NodeClient answered instead of a reply.
  prometheus::Counter& For(const absl::Status& status) const;
};

struct ReplicationMetrics {
  explicit ReplicationMetrics(prometheus::Registry& registry);

  ReplicaFailures read_failures;
  prometheus::Counter& reads_degraded;
  prometheus::Counter& reads_walked_on_nil;
  prometheus::Counter& reads_from_stand_in;
  prometheus::Counter& reads_newest_of_all;
  prometheus::Counter& reads_not_whole;
  prometheus::Counter& reads_cut_off;
  prometheus::Counter& reads_older_than_asked;
  prometheus::Counter& reads_compared;
  prometheus::Counter& stale_reads;
  prometheus::Histogram& stale_read_age;
  prometheus::Counter& reads_repaired;
  prometheus::Counter& repairs_failed;
  prometheus::Counter& expired_records;
  prometheus::Counter& foreign_records;
  prometheus::Counter& newer_format_records;
  ReplicaFailures write_failures;
  prometheus::Counter& writes_degraded;
  prometheus::Counter& writes_to_stand_in;
  prometheus::Counter& writes_late;
  prometheus::Counter& writes_restamped;
  prometheus::Counter& writes_superseded;
  prometheus::Counter& writes_short;
  prometheus::Counter& writes_too_late;
  prometheus::Counter& writes_hinted;
  prometheus::Counter& hints_late;
  prometheus::Counter& hints_lost;
  prometheus::Counter& stamps_superseded;
  prometheus::Counter& stamps_out_of_range;
  prometheus::Counter& touches_repaired;
  prometheus::Counter& lease_hits;
  prometheus::Counter& leases_given;
  prometheus::Counter& leases_held;
  prometheus::Counter& lease_waits;
  prometheus::Counter& lease_waits_refused;
  prometheus::Counter& fills_refused;
  prometheus::Counter& versions_far_ahead;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_REPLICATION_METRICS_H_
