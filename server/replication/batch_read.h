// Reads of many keys at consistency ONE, for the keys of one shard: one hand-over for all of them,
// and one MGET to each node for those whose first home replica is UP there. That is what a
// GetOperation would ask too, and a record or a nil from that replica answers the key, as there.
// Every key for which it is otherwise (the first home replica is not UP; its node errs, or takes
// longer than TRY_TIMEOUT_MS) becomes a GetOperation, which begins anew.
//
// A value of another type than Kache writes is a nil to MGET: a miss, as for GET, but not counted.
#ifndef KACHE_SERVER_REPLICATION_BATCH_READ_H_
#define KACHE_SERVER_REPLICATION_BATCH_READ_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/replication/operation.h"
#include "server/replication/results.h"

namespace kache {

class BatchRead final : public Operation {
 public:
  // Keys of one MGET: more would hold up for too long what waits behind its answer.
  static constexpr size_t kMaxKeysPerCommand = 32;

  struct Read {
    std::string_view key;  // stays alive until `done` is called
    uint64_t token = 0;
    ReadCallback done;
  };

  BatchRead(Shard& shard, std::vector<Read> reads, MonotonicTime deadline);
  void Run() override;

 private:
  std::vector<Read> reads_;
  const MonotonicTime deadline_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_BATCH_READ_H_
