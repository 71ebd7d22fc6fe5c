// What the recovery is told at its start.
#ifndef KACHE_SERVER_RECOVERY_RECOVERY_CONFIG_H_
#define KACHE_SERVER_RECOVERY_RECOVERY_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "ring/ring_change.h"

namespace kache {

struct RecoveryConfig {
  std::string key_prefix = "kache:";
  uint32_t replication_factor = 3;
  absl::Duration check_interval = absl::Seconds(3);
  absl::Duration connect_timeout = absl::Seconds(2);
  absl::Duration tombstone_ttl = absl::Seconds(3600);
  absl::Duration sweep_interval = absl::Seconds(600);
  absl::Duration max_clock_skew = absl::Seconds(5);
  absl::Duration max_write_age = absl::Seconds(600);
  uint32_t resync_keys_per_second = 100000;
  uint32_t sweep_keys_per_second = 5000;
  // Markers of the ring that it comes from are overwritten where this coordinator's ring is the one
  // that it leads to: once on each node.
  std::optional<RingChange> accept_ring;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RECOVERY_CONFIG_H_
