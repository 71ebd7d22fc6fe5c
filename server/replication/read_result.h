// From a node's reply to what a read answers: shared by all operations that read records.
#ifndef KACHE_SERVER_REPLICATION_READ_RESULT_H_
#define KACHE_SERVER_REPLICATION_READ_RESULT_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/redis/reply.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"

namespace kache {

// What a reply to GET says of the key.
struct Finding {
  enum class Kind : uint8_t {
    kNothing,  // nil, or a foreign value
    kRecord,   // `record`, which points into the reply's text
    kNewerFormat,
    kFailed,  // an error reply
  };
  Kind kind = Kind::kNothing;
  Record record;
};

// Counts foreign values, records of newer formats and error replies.
Finding Inspect(const redis::Reply& reply, Shard& shard);

// The answer for a record, moving the value out of `text`, the bytes that it was decoded from. A
// tombstone and an expired record are misses.
ReadResult Answer(const Record& record, std::string text, Shard& shard);

// FAILED_PRECONDITION.
absl::Status NewerFormatError();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_READ_RESULT_H_
