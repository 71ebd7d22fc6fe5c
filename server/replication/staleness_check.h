// Compares what a read at ONE answered with what the other home replicas of its key hold,
// afterwards and in the background: how often, and by how much, such reads are stale is measured in
// the house where it matters. Which reads are compared: Shard::CountRead.
#ifndef KACHE_SERVER_REPLICATION_STALENESS_CHECK_H_
#define KACHE_SERVER_REPLICATION_STALENESS_CHECK_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "ring/node_id.h"
#include "server/redis/command.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"

namespace kache {

// What a read at ONE was told.
struct ReadAnswer {
  ReadAnswer(const ReadResult& result, absl::Time asked)
      : version(result.receipt.version),
        found(result.found),
        node(result.receipt.node),
        asked_at(asked) {}

  Version version;  // zero where no record was found
  bool found;
  std::optional<NodeId> node;  // who told it
  absl::Time asked_at;         // when the read began; cluster time
};

// How long before the read the write of `other` was made, which another home replica holds; nullopt
// where the answer was not stale: `other` is no newer, is as good a miss, or was written less than
// `settles` before the read, so that its copies may have been on their way.
std::optional<absl::Duration> StaleBy(const ReadAnswer& answer, const Record& other,
                                      absl::Duration settles);

// Asks all home replicas of `key` that can be asked, but for the one that answered, for the header
// of their record, and counts what comes of it (kache_reads_compared_total and the like). Shard
// thread only.
void StartStalenessCheck(Shard& shard, std::string_view key, uint64_t token,
                         const ReadAnswer& answer, redis::CallerId caller);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_STALENESS_CHECK_H_
