#include "server/replication/repair.h"

#include <algorithm>
#include <string>

#include "server/replication/scripts.h"

namespace kache {

int64_t KeptUntilMs(const Record& record, absl::Duration tombstone_ttl) {
  if (record.tombstone || record.expires_at_ms == 0) return 0;
  return record.expires_at_ms + absl::ToInt64Milliseconds(tombstone_ttl);
}

int64_t EndOfCopyMs(const Record& record, int64_t ends_ms) {
  return record.expires_at_ms == 0 ? 0 : std::max(ends_ms, record.expires_at_ms);
}

redis::Command CopyRecord(std::string_view redis_key, std::string_view record, int64_t ends_ms,
                          absl::Duration tombstone_ttl) {
  const DecodedRecord decoded = DecodeRecord(record);
  return redis::Command::Call(SetIfNewer(), {redis_key},
                              {record, std::to_string(EndOfCopyMs(decoded.record, ends_ms)),
                               std::to_string(KeptUntilMs(decoded.record, tombstone_ttl))});
}

}  // namespace kache
