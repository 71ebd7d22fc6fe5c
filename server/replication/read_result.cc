#include "server/replication/read_result.h"

#include <algorithm>
#include <utility>

namespace kache {

redis::Command ReadHeader(std::string_view redis_key) {
  return redis::Command::Of({"GETRANGE", redis_key, "0", std::to_string(kRecordHeaderBytes - 1)});
}

Finding Inspect(const redis::Reply& reply, Shard& shard) {
  if (reply.IsNil()) return {};
  if (reply.IsError()) {
    if (redis::ClassifyError(reply.text) == redis::ErrorKind::kWrongType) {
      shard.metrics().foreign_records.Increment();
      return {};
    }
    return Refused(reply, shard);
  }
  const DecodedRecord decoded = DecodeRecord(reply.text);
  switch (decoded.kind) {
    case RecordKind::kRecord:
      if (decoded.record.version.IsZero()) return {};  // a lease on nothing (lease.h)
      return {Finding::Kind::kRecord, decoded.record, {}};
    case RecordKind::kNewerFormat:
      shard.metrics().newer_format_records.Increment();
      return {Finding::Kind::kNewerFormat, decoded.record, {}};
    case RecordKind::kForeign:
      break;
  }
  shard.metrics().foreign_records.Increment();
  return {};
}

Finding Inspect(const absl::StatusOr<redis::Reply>& reply, Shard& shard) {
  if (reply.ok()) return Inspect(*reply, shard);
  shard.metrics().read_failures.For(reply.status()).Increment();
  return {Finding::Kind::kFailed, {}, reply.status(), !absl::IsUnavailable(reply.status())};
}

Finding Refused(const redis::Reply& reply, Shard& shard) {
  shard.metrics().read_failures.error_reply.Increment();
  return {Finding::Kind::kFailed,
          {},
          absl::UnavailableError("Redis answered a read with an error: " + reply.text)};
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
  result.touched = record.touched;
  text.erase(0, kRecordHeaderBytes);
  result.value = std::move(text);
  return result;
}

absl::StatusOr<ReadResult> Answer(const Finding& finding, std::string text, Shard& shard) {
  if (finding.kind == Finding::Kind::kNothing) return ReadResult();
  if (finding.kind == Finding::Kind::kNewerFormat) return NewerFormatError();
  return Answer(finding.record, std::move(text), shard);
}

absl::Status NewerFormatError() {
  return absl::FailedPreconditionError(
      "the record was written by a newer Kache: upgrade this server to read it");
}

absl::Status NobodyAnsweredInTime() {
  return absl::DeadlineExceededError("the deadline passed before a replica answered");
}

absl::Status OlderThanAsked(const Receipt& receipt) {
  return WithReceipt(absl::AbortedError("no reachable home replica is as new as min_version"),
                     receipt);
}

}  // namespace kache
