// Reads of many keys at consistency ONE, for the keys of one shard: one hand-over for all of them,
// and one MGET to each node for those whose first home replica is UP there. That is what a
// GetOperation would ask too, and a record or a nil from that replica answers the key, as there.
// Every key for which it is otherwise (the first home replica is not UP; its node errs, or takes
// longer than TRY_TIMEOUT_MS, or cannot digest them together; its answer is to be compared with the
// other home replicas) becomes a GetOperation, which begins anew.
//
// Where values are large, a batch asks for no more of them at once than the sink has room for, and
// for none once it has none: else one small request makes the nodes send gigabytes that nobody
// takes.
//
// A value of another type than Kache writes is a nil to MGET: a miss, as for GET, but not counted.
#ifndef KACHE_SERVER_REPLICATION_BATCH_READ_H_
#define KACHE_SERVER_REPLICATION_BATCH_READ_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "server/replication/operation.h"
#include "server/replication/results.h"

namespace kache {

// Where the keys' results go. A batch has one for all of them: a callback for each key would cost
// as much as the read.
class BatchReadSink {
 public:
  // Called once for each key that was read, on its shard's thread; other shards may call at the
  // same time. `index` is the key's, as the caller chose it. The last call may delete the sink, and
  // end the life of all keys.
  virtual void Take(size_t index, absl::StatusOr<ReadResult> result) = 0;
  // How many bytes of values it takes yet; what is beyond them would be read in vain.
  virtual uint64_t room_bytes() const { return UINT64_MAX; }
  // In place of Take, for a key that was not read as there is no room.
  virtual void LeaveOut(size_t index) { Take(index, absl::OutOfRangeError("no room")); }

 protected:
  ~BatchReadSink() = default;
};

class BatchRead final : public Operation {
 public:
  // Keys of one MGET at most: more would hold up for too long what waits behind its answer.
  // ReplicationOptions::keys_per_read may be less, and where values are large so is ReadPortion.
  static constexpr size_t kMaxKeysPerCommand = 32;

  struct Read {
    std::string_view key;  // stays alive until its result is taken
    uint64_t token = 0;
    size_t index = 0;
  };

  BatchRead(Shard& shard, std::vector<Read> reads, MonotonicTime deadline, BatchReadSink& sink);
  void Run() override;

 private:
  const std::vector<Read> reads_;
  const MonotonicTime deadline_;
  BatchReadSink& sink_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_BATCH_READ_H_
