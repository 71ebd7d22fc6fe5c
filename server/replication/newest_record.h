// The newest record that a read has found so far, and the node that holds it.
//
// A record of kCountedBytes or more counts in the budget (MAX_IN_FLIGHT_BYTES) for as long as it is
// kept. Smaller ones are bounded by the number of operations: to count them would cost more than a
// hundredth of the read.
//
// Shard thread only. The budget outlives it; nullptr = nothing is counted.
#ifndef KACHE_SERVER_REPLICATION_NEWEST_RECORD_H_
#define KACHE_SERVER_REPLICATION_NEWEST_RECORD_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/byte_budget.h"
#include "ring/node_id.h"
#include "server/replication/results.h"
#include "server/replication/shard.h"
#include "server/replication/version.h"

namespace kache {

// From this size on the records that operations keep are counted.
inline constexpr size_t kCountedBytes = 512;
// What a request holds beside key and value, at most.
inline constexpr size_t kRequestBytes = 4096;

class NewestRecord {
 public:
  explicit NewestRecord(ByteBudget* budget) : budget_(budget) {}
  ~NewestRecord() { Drop(); }
  NewestRecord(const NewestRecord&) = delete;
  NewestRecord& operator=(const NewestRecord&) = delete;

  // Zero, and nobody, until a record was found. They stay when the record is dropped.
  const Version& version() const { return version_; }
  const std::optional<NodeId>& holder() const { return holder_; }

  bool IsOlderThan(const Version& version) const { return !holder_ || version_ < version; }
  // Keeps the record that `holder` holds in place of the one before. False: there is no room, and
  // none is kept.
  bool Keep(NodeId holder, const Version& version, std::string record);

  bool kept() const { return record_.has_value(); }
  // Requires: kept().
  const std::string& record() const { return *record_; }
  // The answer to the reader: a miss where no record is kept. A counted one is not kept any more.
  absl::StatusOr<ReadResult> GiveAnswer(Shard& shard);
  // Drops a counted record. A small one stays.
  void DropCounted();

 private:
  std::string Give();
  void Drop();

  ByteBudget* const budget_;
  std::optional<std::string> record_;
  Version version_;
  std::optional<NodeId> holder_;
  size_t counted_ = 0;
};

// What to tell a reader for whose record there is no room.
absl::Status NoRoomForRecord();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_NEWEST_RECORD_H_
