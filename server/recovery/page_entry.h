// A record as a page of SCAN names it, and what is to be known of it before it is copied. Pure.
#ifndef KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_
#define KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/redis/reply.h"
#include "server/replication/touch.h"
#include "server/replication/version.h"

namespace kache {

// Records shorter than this come along with the first look at them.
inline constexpr size_t kSmallRecordBytes = 512;

struct PageEntry {
  std::string redis_key;
  Version version;
  std::string record;  // whole, if it is small, does not expire, and is no stand-in's; else empty
  uint64_t bytes = 0;
  int64_t expires_at_ms = 0;  // 0 = never
  bool tombstone = false;
  bool stand_in = false;      // a stand-in's copy
  bool newer_format = false;  // of which the version alone is known
  bool touched = false;       // its life was changed after it was written (touch.h)

  // Since when a node that takes all writes has it as it is (Unix ms).
  int64_t WrittenMs() const { return WrittenAtMs(version, touched); }
};

// What a node holds of a key: a zero version = no record.
struct HeldRecord {
  Version version;
  bool stand_in = false;
  bool touched = false;
};

// Whether a home replica that holds `held` is to be given `entry`. A stand-in's copy of the same
// version is replaced: it would end too soon.
inline bool Lacks(const HeldRecord& held, const PageEntry& entry) {
  return held.version < entry.version || (held.version == entry.version && held.stand_in);
}

// What PeekScript answered about these keys: the records among them.
absl::StatusOr<std::vector<PageEntry>> EntriesOf(std::vector<std::string> keys,
                                                 redis::Reply& answer);

// What HeadersScript answered about `count` keys.
absl::StatusOr<std::vector<HeldRecord>> HeldRecordsOf(const redis::Reply& answer, size_t count);

// The release before does not flag a stand-in's copy, but ends its key before the record does. Sets
// stand_in of an entry that its node is not home to, by when its key ends (cluster time, Unix ms; 0
// = never).
void RecognizeStandIn(PageEntry& entry, int64_t key_ends_ms);

// A node's answer has not as many parts as there were questions.
absl::Status WrongLength();

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_
