#include "server/replication/missed_write.h"

#include <algorithm>

#include "server/replication/late_hints.h"

namespace kache {

int64_t KeptForMissedMs(int64_t expires_at_ms, const ReplicationOptions& options) {
  if (expires_at_ms == 0) return 0;
  return absl::ToUnixMillis(absl::FromUnixMillis(expires_at_ms) + options.tombstone_ttl / 2 +
                            options.max_write_age);
}

absl::Duration CopyTimeout(const Shard& shard, MonotonicTime deadline, bool is_value_that_ends) {
  const absl::Duration write_timeout = shard.options().write_timeout;
  const absl::Duration until_deadline = std::max(shard.Left(deadline), write_timeout);
  if (!is_value_that_ends) return until_deadline;
  return std::min(until_deadline, std::max(write_timeout, kLongestCopy));
}

int64_t LeastKeptMs(const Shard& shard, absl::Duration copy_timeout) {
  return absl::ToInt64Milliseconds(copy_timeout + shard.options().write_timeout +
                                   LateHints::kPatience);
}

bool MayShortenUnknown(const Shard& shard, NodeId node) {
  return shard.View(node).state != NodeState::kUp || shard.WholeMarker(node).empty();
}

std::vector<std::string> HintSetsOn(const Shard& shard, NodeId holder,
                                    absl::Span<const NodeId> missed_by) {
  std::vector<std::string> sets;
  for (const NodeId node : missed_by) {
    if (node == holder) continue;
    sets.push_back(shard.keys().Hints(shard.ring().names()[node.index()]));
  }
  return sets;
}

void NoteHintsRefused(Shard& shard, NodeId by, absl::Span<const NodeId> missed_by) {
  for (const NodeId node : missed_by) {
    if (node != by) shard.NoteHintLost(node);
  }
}

std::string_view UserKeyOf(const Shard& shard, std::string_view redis_key) {
  return redis_key.substr(shard.keys().data_prefix().size());
}

}  // namespace kache
