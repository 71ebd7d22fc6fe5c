#include "server/replication/newest_record.h"

#include <cstdint>
#include <utility>

#include "server/replication/read_result.h"
#include "server/replication/record.h"

namespace kache {

bool NewestRecord::Keep(NodeId holder, const Version& version, std::string record) {
  Drop();
  const size_t bytes = record.size();
  if (budget_ != nullptr && bytes >= kCountedBytes) {
    if (!budget_->Admit(static_cast<int64_t>(bytes), kRequestBytes)) return false;
    counted_ = bytes;
  }
  record_ = std::move(record);
  version_ = version;
  holder_ = holder;
  return true;
}

absl::StatusOr<ReadResult> NewestRecord::GiveAnswer(Shard& shard) {
  if (!kept()) return ReadResult();
  const DecodedRecord decoded = DecodeRecord(record());
  if (decoded.kind == RecordKind::kNewerFormat) return NewerFormatError();
  return Answer(decoded.record, Give(), shard);
}

std::string NewestRecord::Give() {
  if (counted_ == 0) return *record_;
  std::string record = *std::move(record_);
  Drop();
  return record;
}

void NewestRecord::DropCounted() {
  if (counted_ > 0) Drop();
}

void NewestRecord::Drop() {
  record_.reset();
  if (counted_ > 0) budget_->Release(static_cast<int64_t>(std::exchange(counted_, 0)));
}

absl::Status NoRoomForRecord() {
  return absl::ResourceExhaustedError(
      "more than MAX_IN_FLIGHT_BYTES of requests and answers at once; try again later");
}

}  // namespace kache
