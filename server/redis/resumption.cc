#include "server/redis/resumption.h"

#include <string>
#include <utility>

#include "base/error_details.h"
#include "base/strings.h"

namespace kache::redis {

Resumption Resume(PendingQueue lost, size_t under_way, LossCause cause) {
  Resumption result;
  for (size_t i = 0; !lost.empty(); lost.PopFront(), ++i) {
    PendingCommand& command = lost.Front();
    if (command.kind != PendingCommand::Kind::kCommand || !command.done) continue;
    if (i < under_way && cause == LossCause::kUnknown) ++command.losses;
    if (command.losses >= kLossesOfACulprit) {
      result.culprits.push_back(std::move(command.done));
      continue;
    }
    const bool suspect = command.losses > 0;
    result.waiting.Push(std::move(command));
    if (suspect) result.suspects = result.waiting.size();
  }
  return result;
}

bool IsProtocolError(std::string_view error) { return error.starts_with("ERR Protocol error"); }

absl::Status TooMuchForNode(std::string_view error) {
  absl::Status status = absl::FailedPreconditionError(
      error.empty()
          ? std::string("the Redis server ends the connection whenever it is sent this request: "
                        "raise its client-output-buffer-limit, client-query-buffer-limit or "
                        "proto-max-bulk-len, or lower MAX_VALUE_BYTES")
          : Concat("the Redis server does not take a request of this size (", error,
                   "): raise its proto-max-bulk-len, or lower MAX_VALUE_BYTES"));
  SetReason(kNodeLimit, &status);
  return status;
}

}  // namespace kache::redis
