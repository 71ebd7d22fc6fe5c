// What governs reads and writes. Plain values; docs/configuration.md explains each.
#ifndef KACHE_SERVER_REPLICATION_REPLICATION_OPTIONS_H_
#define KACHE_SERVER_REPLICATION_REPLICATION_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace kache {

struct ReplicationOptions {
  uint32_t replication_factor = 3;
  uint32_t max_tries = 3;  // 0 = walk the whole ring
  std::string key_prefix = "kache:";
  absl::Duration try_timeout = absl::Milliseconds(100);
  absl::Duration write_timeout = absl::Seconds(2);  // for the replicas written in the background
  absl::Duration tombstone_ttl = absl::Seconds(3600);
  absl::Duration standin_ttl = absl::Seconds(3600);  // not more than tombstone_ttl
  absl::Duration max_clock_skew = absl::Seconds(5);
  // How long after its stamp a write, and after it was read a copy, may still be stored. Well under
  // half of tombstone_ttl.
  absl::Duration max_write_age = absl::Seconds(600);
  // One read at ONE in so many is compared with all home replicas afterwards; 0 = none.
  uint32_t staleness_check_one_in = 0;
  // Keys of one MGET: its reply is held as a whole, and brings as many values. At least 1, at most
  // BatchRead::kMaxKeysPerCommand.
  uint32_t keys_per_read = 32;
  // The most hints about one node that another keeps (HINT_KEYS).
  uint32_t hint_keys = 1'000'000;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_REPLICATION_OPTIONS_H_
