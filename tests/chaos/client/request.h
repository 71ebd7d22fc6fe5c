// A request to chaos-client: a line of JSON for each call of the client library.
//
//   {"id": 7, "kind": "put", "level": "quorum", "timeout_ms": 1000, "min_version": "",
//    "entries": [{"key": "k", "value": "v", "ttl_ms": 500}]}
//
// `kind` is put, get, delete or touch; `level` is one, quorum or all. One entry is a call of one
// key, several entries are a batch, but not of touches. `min_version` is "" or a version as text.
// An entry of a get or a delete needs its key only, that of a touch no value. ttl_ms 0 = the value
// does not expire.
#ifndef KACHE_TESTS_CHAOS_CLIENT_REQUEST_H_
#define KACHE_TESTS_CHAOS_CLIENT_REQUEST_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/types.h"

namespace kache::chaos {

enum class Kind { kPut, kGet, kDelete, kTouch };

struct Request {
  int64_t id = 0;
  Kind kind = Kind::kGet;
  Consistency consistency = Consistency::kOne;
  absl::Duration timeout;
  Version min_version;  // of reads
  std::vector<PutEntry> entries;
};

// INVALID_ARGUMENT when the line is not a request.
absl::StatusOr<Request> ParseRequest(std::string_view line);

}  // namespace kache::chaos

#endif  // KACHE_TESTS_CHAOS_CLIENT_REQUEST_H_
