// The newest record that a read has found so far, while it waits for further nodes.
//
// A record of kCountedBytes or more counts in the budget (MAX_IN_FLIGHT_BYTES) for as long as it is
// kept. Smaller ones are bounded by the number of operations: to count them would cost more than a
// hundredth of the read.
//
// Shard thread only. The budget outlives it; nullptr = nothing is counted.
#ifndef KACHE_SERVER_REPLICATION_KEPT_RECORD_H_
#define KACHE_SERVER_REPLICATION_KEPT_RECORD_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/byte_budget.h"

namespace kache {

// From this size on the records that operations keep are counted.
inline constexpr size_t kCountedBytes = 512;
// What a request holds beside key and value, at most.
inline constexpr size_t kRequestBytes = 4096;

class KeptRecord {
 public:
  explicit KeptRecord(ByteBudget* budget) : budget_(budget) {}
  ~KeptRecord() { Drop(); }
  KeptRecord(const KeptRecord&) = delete;
  KeptRecord& operator=(const KeptRecord&) = delete;

  // Keeps `record` in place of the one before. False: there is no room, and none is kept.
  bool Keep(std::string record);
  bool kept() const { return record_.has_value(); }
  // Requires: kept().
  const std::string& record() const { return *record_; }
  // The record for its reader: a copy of a small one; a counted one is not kept any more. Requires:
  // kept().
  std::string Give();
  // Drops a counted record. A small one stays.
  void DropCounted();

 private:
  void Drop();

  ByteBudget* const budget_;
  std::optional<std::string> record_;
  size_t counted_ = 0;
};

// What to tell a reader for whose record there is no room.
absl::Status NoRoomForRecord();

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_KEPT_RECORD_H_
