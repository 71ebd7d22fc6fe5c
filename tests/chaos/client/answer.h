// What chaos-client answers: a line of JSON for each request, with a result for each entry of the
// request, in the same order.
//
//   {"id": 7, "results": [{"code": "OK", "message": "", "reason": "", "found": true, "value": "v",
//     "version": "<version>", "acknowledged": 2, "required": 2, "degraded": false,
//     "expires_at_ms": 1700000000000, "node_id": 804214324}]}
//
// `code` is the name of a gRPC code. An error has `code`, `message` and `reason` only. `version` is
// "" where there is no record, `expires_at_ms` 0 where the record does not expire, `node_id` null
// where no node is named. Reads have `found`, and `value` where `found` is true.
#ifndef KACHE_TESTS_CHAOS_CLIENT_ANSWER_H_
#define KACHE_TESTS_CHAOS_CLIENT_ANSWER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/types.h"

namespace kache::chaos {

// Without the end of the line.
std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<GetResult>>& results);
std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<Receipt>>& results);
std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<TouchResult>>& results);

}  // namespace kache::chaos

#endif  // KACHE_TESTS_CHAOS_CLIENT_ANSWER_H_
