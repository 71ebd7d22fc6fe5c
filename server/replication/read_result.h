// From a node's reply to what a read answers: shared by all operations that read records.
#ifndef KACHE_SERVER_REPLICATION_READ_RESULT_H_
#define KACHE_SERVER_REPLICATION_READ_RESULT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"

namespace kache {

// Reads the header of the record under `redis_key`, without its value.
redis::Command ReadHeader(std::string_view redis_key);

// What the reply to a GET says of the key.
struct Finding {
  enum class Kind : uint8_t {
    kNothing,      // nil, or a foreign value
    kRecord,       // `record`, which points into the reply's text
    kNewerFormat,  // likewise
    kFailed,       // `error`
  };
  Kind kind = Kind::kNothing;
  Record record;
  absl::Status error;
  bool is_reachable = true;  // false = the connection to the node was lost

  bool HoldsRecord() const { return kind == Kind::kRecord || kind == Kind::kNewerFormat; }
};

// Counts failures, foreign values and records of newer formats.
Finding Inspect(const redis::Reply& reply, Shard& shard);
Finding Inspect(const absl::StatusOr<redis::Reply>& reply, Shard& shard);
// The finding for a reply that is no answer to the read.
Finding Refused(const redis::Reply& reply, Shard& shard);

// The answer for a record, moving the value out of `text`, the bytes that it was decoded from. A
// tombstone and an expired record are misses.
ReadResult Answer(const Record& record, std::string text, Shard& shard);
// The same for a finding, in whose place a record of a newer format is an error. Requires: it is
// not kFailed.
absl::StatusOr<ReadResult> Answer(const Finding& finding, std::string text, Shard& shard);

// FAILED_PRECONDITION.
absl::Status NewerFormatError();
// DEADLINE_EXCEEDED.
absl::Status NobodyAnsweredInTime();
// ABORTED.
absl::Status OlderThanAsked(const Receipt& receipt);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_READ_RESULT_H_
