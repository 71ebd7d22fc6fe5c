#include "server/replication/read_result.h"

#include <algorithm>
#include <utility>

namespace kache {

Finding Inspect(const redis::Reply& reply, Shard& shard) {
  if (reply.IsNil()) return {};
  if (reply.IsError()) {
    if (redis::ClassifyError(reply.text) == redis::ErrorKind::kWrongType) {
      shard.metrics().foreign_records.Increment();
      return {};
    }
    shard.metrics().read_failures.error_reply.Increment();
    return {Finding::Kind::kFailed, {}};
  }
  const DecodedRecord decoded = DecodeRecord(reply.text);
  switch (decoded.kind) {
    case RecordKind::kRecord:
      return {Finding::Kind::kRecord, decoded.record};
    case RecordKind::kNewerFormat:
      shard.metrics().newer_format_records.Increment();
      return {Finding::Kind::kNewerFormat, decoded.record};
    case RecordKind::kForeign:
      break;
  }
  shard.metrics().foreign_records.Increment();
  return {};
}

ReadResult Answer(const Record& record, std::string text, Shard& shard) {
  ReadResult result;
  result.receipt.version = record.version;
  if (record.tombstone) return result;
  if (record.expires_at_ms != 0) {
    const absl::Duration left = absl::FromUnixMillis(record.expires_at_ms) - shard.clock().Now();
    if (left <= absl::ZeroDuration()) {
      shard.metrics().expired_records.Increment();
      return result;
    }
    result.ttl_ms = std::max<int64_t>(absl::ToInt64Milliseconds(left), 1);
    result.receipt.expires_at_ms = record.expires_at_ms;
  }
  result.found = true;
  text.erase(0, kRecordHeaderBytes);
  result.value = std::move(text);
  return result;
}

absl::Status NewerFormatError() {
  return absl::FailedPreconditionError(
      "the record was written by a newer Kache: upgrade this server to read it");
}

}  // namespace kache
