#include "server/replication/replication_metrics.h"

#include <string>

namespace kache {
namespace {

prometheus::Counter& NewCounter(prometheus::Registry& registry, const std::string& name,
                                const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

ReplicaFailures NewFailures(prometheus::Registry& registry, const std::string& name,
                            const std::string& help) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  return {family.Add({{"cause", "timeout"}}), family.Add({{"cause", "connection"}}),
          family.Add({{"cause", "queue_full"}}), family.Add({{"cause", "error_reply"}}),
          family.Add({{"cause", "node_limit"}})};
}

}  // namespace

prometheus::Counter& ReplicaFailures::For(const absl::Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
      return timeout;
    case absl::StatusCode::kResourceExhausted:
      return queue_full;
    case absl::StatusCode::kFailedPrecondition:
      return node_limit;
    default:
      return connection;
  }
}

ReplicationMetrics::ReplicationMetrics(prometheus::Registry& registry)
    : read_failures(NewFailures(registry, "kache_read_tries_failed_total",
                                "Tries of reads that a node did not answer, by cause.")),
      reads_degraded(NewCounter(registry, "kache_reads_degraded_total",
                                "Reads whose first home replica was skipped, late or failed.")),
      reads_walked_on_nil(
          NewCounter(registry, "kache_reads_walked_on_nil_total",
                     "Degraded reads that asked a further node because one held nothing.")),
      reads_from_stand_in(
          NewCounter(registry, "kache_reads_from_stand_in_total", "Tries of reads on a stand-in.")),
      reads_newest_of_all(
          NewCounter(registry, "kache_reads_newest_of_all_total",
                     "Reads that asked all home replicas because none of them was up.")),
      reads_not_whole(NewCounter(
          registry, "kache_reads_not_whole_total",
          "Answers to QUORUM and ALL reads that did not count: the node was not whole any more.")),
      reads_cut_off(NewCounter(registry, "kache_reads_cut_off_total",
                               "QUORUM and ALL reads refused early: too many home replicas had "
                               "sent this coordinator nothing for some time.")),
      reads_older_than_asked(
          NewCounter(registry, "kache_reads_older_than_asked_total",
                     "Answers to reads that were passed over, being older than min_version.")),
      reads_compared(NewCounter(
          registry, "kache_reads_compared_total",
          "Reads at ONE whose answer was compared with the other home replicas afterwards.")),
      stale_reads(
          NewCounter(registry, "kache_stale_reads_total",
                     "Of those, the ones that were stale: another home replica held a newer "
                     "version that was written long before the read.")),
      stale_read_age(
          prometheus::BuildHistogram()
              .Name("kache_stale_read_age_seconds")
              .Help("How long before a stale read the newer version had been written.")
              .Register(registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{5, 10, 30, 60, 300, 1800, 3600})),
      reads_repaired(NewCounter(registry, "kache_reads_repaired_total",
                                "Copies that QUORUM and ALL reads brought up to date.")),
      repairs_failed(NewCounter(registry, "kache_read_repairs_failed_total",
                                "Copies that a read tried to bring up to date in vain.")),
      expired_records(NewCounter(registry, "kache_expired_records_read_total",
                                 "Records past their expiry that were read, as misses.")),
      foreign_records(NewCounter(registry, "kache_foreign_records_read_total",
                                 "Values under the key prefix that Kache did not write.")),
      newer_format_records(NewCounter(registry, "kache_newer_format_records_read_total",
                                      "Records written by a newer Kache that were read.")),
      write_failures(NewFailures(registry, "kache_write_replicas_missed_total",
                                 "Copies of writes that a node did not take, by cause.")),
      writes_degraded(
          NewCounter(registry, "kache_writes_degraded_total",
                     "Writes answered although a home replica was skipped, late or failed.")),
      writes_to_stand_in(NewCounter(registry, "kache_writes_to_stand_in_total",
                                    "Copies of writes sent to a stand-in.")),
      writes_late(NewCounter(registry, "kache_writes_late_total",
                             "Writes whose first home replica took longer than TRY_TIMEOUT_MS.")),
      writes_restamped(
          NewCounter(registry, "kache_writes_restamped_total",
                     "Writes stamped anew above the higher version that a replica held.")),
      writes_superseded(
          NewCounter(registry, "kache_writes_superseded_total",
                     "Copies of writes that met a newer write of the same key in the replica.")),
      writes_short(NewCounter(registry, "kache_writes_short_total",
                              "Writes that reached fewer replicas than their level needs.")),
      writes_too_late(NewCounter(
          registry, "kache_writes_too_late_total",
          "Copies of writes that reached a node too long after their stamp, and were refused.")),
      writes_hinted(NewCounter(registry, "kache_writes_hinted_total",
                               "Copies of writes that leave hints, as home replicas missed them.")),
      hints_late(
          NewCounter(registry, "kache_hints_late_total",
                     "Hints that did not go with the write or at once behind it, and are left "
                     "as soon as a node that took the write can be reached.")),
      hints_lost(NewCounter(registry, "kache_hints_lost_total",
                            "Hints that could not be left with a copy: the node that missed the "
                            "write is compared with all others.")),
      stamps_superseded(
          NewCounter(registry, "kache_write_stamps_superseded_total",
                     "Stamped writes that lost to a newer version: their callers were told.")),
      stamps_out_of_range(
          NewCounter(registry, "kache_write_stamps_out_of_range_total",
                     "Stamped writes refused because the stamp was too old or too far ahead.")),
      touches_repaired(
          NewCounter(registry, "kache_touches_repaired_total",
                     "Touches that repaired home replicas, as these lacked the value.")),
      lease_hits(NewCounter(registry, "kache_lease_hits_total",
                            "Calls for a value or a lease that found a value.")),
      leases_given(NewCounter(registry, "kache_leases_given_total",
                              "Calls that were given the lease to fill a missing key.")),
      leases_held(NewCounter(registry, "kache_leases_held_total",
                             "Calls told that another caller is filling the key still.")),
      lease_waits(NewCounter(registry, "kache_lease_waits_total",
                             "Waits of calls for another caller's fill, each until it was heard of "
                             "or the lease ended.")),
      lease_waits_refused(NewCounter(registry, "kache_lease_waits_refused_total",
                                     "Calls that did not wait, as too many did.")),
      fills_refused(NewCounter(
          registry, "kache_fills_refused_total",
          "Fills whose lease did not stand any more: it had ended, or the key was written.")),
      versions_far_ahead(
          NewCounter(registry, "kache_versions_far_ahead_total",
                     "Versions met that are more than MAX_CLOCK_SKEW_MS ahead of this clock.")) {}

}  // namespace kache
