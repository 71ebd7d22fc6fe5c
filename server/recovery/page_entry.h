// The records of a page, as one look at them shows them.
#ifndef KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_
#define KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/redis/reply.h"
#include "server/replication/version.h"

namespace kache {

// Records shorter than this come along with the first look at them.
inline constexpr size_t kSmallRecordBytes = 512;

// A record as a page names it.
struct PageEntry {
  std::string redis_key;
  Version version;
  std::string record;  // whole, if it is small and does not expire; else empty
  uint64_t bytes = 0;
};

// What PeekScript answered about these keys: the records among them.
absl::StatusOr<std::vector<PageEntry>> EntriesOf(std::vector<std::string> keys,
                                                 redis::Reply& answer);

// A node's answer has not as many parts as there were questions.
absl::Status WrongLength();

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PAGE_ENTRY_H_
