#include "server/replication/repair.h"

#include <algorithm>
#include <string>

#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"

namespace kache {

int64_t KeptUntilMs(const Record& record, absl::Duration tombstone_ttl) {
  if (record.tombstone || record.expires_at_ms == 0) return 0;
  return record.expires_at_ms + absl::ToInt64Milliseconds(tombstone_ttl);
}

int64_t EndOfCopyMs(const Record& record, int64_t ends_ms) {
  return record.expires_at_ms == 0 ? 0 : std::max(ends_ms, record.expires_at_ms);
}

int64_t AtNodeMs(int64_t instant_ms, absl::Duration offset) {
  return instant_ms == 0 ? 0 : instant_ms + absl::ToInt64Milliseconds(offset);
}

redis::Command CopyRecord(std::string_view redis_key, std::string_view record, int64_t ends_ms,
                          absl::Duration tombstone_ttl, const CopyTarget& target) {
  const DecodedRecord decoded = DecodeRecord(record);
  const auto at_node = [&](int64_t instant_ms) {
    return AtNodeMs(instant_ms, target.clock_offset);
  };
  // What a stand-in held until the ring changed, say.
  std::string unflagged;
  if (decoded.record.stand_in) record = unflagged = WithStandInFlag(record, false);
  return redis::Command::Call(
      SetIfNewer(), {redis_key},
      {record, EncodeTerms({at_node(EndOfCopyMs(decoded.record, ends_ms)),
                            at_node(KeptUntilMs(decoded.record, tombstone_ttl)),
                            at_node(target.latest_ms)})});
}

}  // namespace kache
