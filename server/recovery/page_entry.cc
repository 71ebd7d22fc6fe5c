#include "server/recovery/page_entry.h"

#include <utility>

#include "server/replication/record.h"

namespace kache {

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
    if (decoded.kind == RecordKind::kForeign) continue;
    const bool whole =
        small && decoded.kind == RecordKind::kRecord && decoded.record.expires_at_ms == 0;
    entries.push_back({std::move(keys[i]), decoded.record.version,
                       whole ? std::move(beginning.text) : std::string(), bytes});
  }
  return entries;
}

}  // namespace kache
