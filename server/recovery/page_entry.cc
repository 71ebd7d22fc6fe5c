#include "server/recovery/page_entry.h"

#include <utility>

#include "server/replication/record.h"

namespace kache {
namespace {

// A key that ends with its record may seem to end so much earlier: nodes' clocks are set right, and
// cluster time is measured.
constexpr int64_t kMeasuredMs = 1000;

}  // namespace

absl::Status WrongLength() {
  return absl::UnavailableError("an answer of another length than was asked for");
}

absl::StatusOr<std::vector<PageEntry>> EntriesOf(std::vector<std::string> keys,
                                                 redis::Reply& answer) {
  if (answer.elements.size() != 2 || answer.elements[0].elements.size() != keys.size()) {
    return WrongLength();
  }
  std::vector<redis::Reply>& beginnings = answer.elements[0].elements;
  auto length = answer.elements[1].elements.begin();
  std::vector<PageEntry> entries;
  entries.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    redis::Reply& beginning = beginnings[i];
    uint64_t bytes = beginning.text.size();
    const bool small = beginning.IsError() || bytes < kSmallRecordBytes;
    if (!small) {
      if (length == answer.elements[1].elements.end()) return WrongLength();
      bytes = static_cast<uint64_t>((length++)->integer);
    }
    if (beginning.IsError()) continue;  // no string
    const DecodedRecord decoded = DecodeRecord(beginning.text);
    // A zero version: a lease on nothing (lease.h).
    if (decoded.kind == RecordKind::kForeign || decoded.record.version.IsZero()) continue;
    const Record& record = decoded.record;
    PageEntry& entry = entries.emplace_back();
    entry.redis_key = std::move(keys[i]);
    entry.version = record.version;
    entry.bytes = bytes;
    entry.expires_at_ms = record.expires_at_ms;
    entry.tombstone = record.tombstone;
    entry.stand_in = record.stand_in;
    entry.touched = record.touched;
    entry.newer_format = decoded.kind == RecordKind::kNewerFormat;
    const bool whole =
        small && !entry.newer_format && record.expires_at_ms == 0 && !record.stand_in;
    if (whole) entry.record = std::move(beginning.text);
  }
  return entries;
}

absl::StatusOr<std::vector<HeldRecord>> HeldRecordsOf(const redis::Reply& answer, size_t count) {
  if (answer.elements.size() != count) return WrongLength();
  std::vector<HeldRecord> held;
  held.reserve(count);
  for (const redis::Reply& each : answer.elements) {
    HeldRecord& record = held.emplace_back();
    if (each.IsError()) continue;
    const DecodedRecord decoded = DecodeRecord(each.text);
    record = {decoded.record.version, decoded.record.stand_in, decoded.record.touched};
  }
  return held;
}

void RecognizeStandIn(PageEntry& entry, int64_t key_ends_ms) {
  if (key_ends_ms == 0 || entry.newer_format) return;
  if (entry.expires_at_ms != 0 && key_ends_ms + kMeasuredMs >= entry.expires_at_ms) return;
  entry.stand_in = true;
  entry.record.clear();  // it is read with its end
}

}  // namespace kache
