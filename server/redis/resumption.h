// What becomes of the commands that wait on a connection when it is lost and another one to the
// same Redis process takes its place. Redis ends a connection for one request that it cannot
// digest: an argument over proto-max-bulk-len, a query over client-query-buffer-limit, a reply over
// client-output-buffer-limit. The other commands must not suffer for that one:
//
//  * All commands that still have somebody to answer are sent again, in their order, before those
//    that were not sent yet. Each of them must do no harm when it is carried out twice.
//  * Those that were under way are suspects: from then on they are sent one at a time, so that the
//    next loss tells which one it was.
//  * A command that was under way on kLossesOfACulprit connections when they were lost is the
//    culprit: it is answered for good (TooMuchForNode), and not sent again.
//
// After a "Protocol error" the culprit is known from the reply, and Redis has read nothing behind
// it: nobody is suspected.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_REDIS_RESUMPTION_H_
#define KACHE_SERVER_REDIS_RESUMPTION_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/redis/node_client.h"
#include "server/redis/pending_queue.h"

namespace kache::redis {

// One loss among others, and two alone: a network that fails now and then does not do that to one
// command.
inline constexpr uint8_t kLossesOfACulprit = 3;

enum class LossCause : uint8_t {
  kUnknown,        // the connection ended
  kProtocolError,  // the reply to a command, which is not among those that wait any more, said so
};

struct Resumption {
  PendingQueue waiting;                 // to be sent again
  size_t suspects = 0;                  // the first so many of them, one at a time
  std::vector<ReplyCallback> culprits;  // of commands that are not sent again
};

// `lost`: all commands of the connection that was lost; the first `under_way` of them were sent.
Resumption Resume(PendingQueue lost, size_t under_way, LossCause cause);

// Whether an error reply says that Redis cannot digest the command, and ends the connection.
bool IsProtocolError(std::string_view error);

// The answer to a culprit: FAILED_PRECONDITION with the reason NODE_LIMIT. `error` is Redis's
// reply; empty = it gave none.
absl::Status TooMuchForNode(std::string_view error);

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_RESUMPTION_H_
