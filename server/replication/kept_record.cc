#include "server/replication/kept_record.h"

#include <cstdint>
#include <utility>

namespace kache {

bool KeptRecord::Keep(std::string record) {
  Drop();
  const size_t bytes = record.size();
  if (budget_ != nullptr && bytes >= kCountedBytes) {
    if (!budget_->Admit(static_cast<int64_t>(bytes), kRequestBytes)) return false;
    counted_ = bytes;
  }
  record_ = std::move(record);
  return true;
}

std::string KeptRecord::Give() {
  if (counted_ == 0) return *record_;
  std::string record = *std::move(record_);
  Drop();
  return record;
}

void KeptRecord::DropCounted() {
  if (counted_ > 0) Drop();
}

void KeptRecord::Drop() {
  record_.reset();
  if (counted_ > 0) budget_->Release(static_cast<int64_t>(std::exchange(counted_, 0)));
}

absl::Status NoRoomForRecord() {
  return absl::ResourceExhaustedError(
      "more than MAX_IN_FLIGHT_BYTES of requests and answers at once; try again later");
}

}  // namespace kache
