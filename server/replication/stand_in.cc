#include "server/replication/stand_in.h"

#include <algorithm>

#include "server/replication/repair.h"

namespace kache {
namespace {

// Beside MAX_CLOCK_SKEW_MS: what instants are rounded by, and commands take.
constexpr absl::Duration kMargin = absl::Seconds(1);

}  // namespace

absl::Duration StandInLife(const ReplicationOptions& options) {
  const absl::Duration tombstone = options.tombstone_ttl;
  const absl::Duration margin = std::min(options.max_clock_skew + kMargin, tombstone / 2);
  return std::min(options.standin_ttl, tombstone - margin);
}

KeyEnds EndsOnStandIn(const Record& record, absl::Time stamped, const ReplicationOptions& options) {
  if (record.tombstone) return {record.expires_at_ms, 0};
  const int64_t last_ms = absl::ToUnixMillis(stamped + StandInLife(options));
  if (record.expires_at_ms == 0 || record.expires_at_ms > last_ms) return {last_ms, last_ms};
  const int64_t kept_until_ms = KeptUntilMs(record, options.tombstone_ttl);
  return {kept_until_ms, kept_until_ms};
}

}  // namespace kache
