// What a node answers that refuses what Kache itself writes there.
#ifndef KACHE_SERVER_RECOVERY_REFUSAL_H_
#define KACHE_SERVER_RECOVERY_REFUSAL_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "server/recovery/recovery_context.h"

namespace kache {

// Such a node is left alone as one that refuses a caller's write: SYNCING with Redis's reason, and
// probed after a back-off. So one line is logged, and not one for each attempt. `what` failed, for
// people; an answer that is no error is none.
void NoteRefusal(RecoveryContext& context, NodeId node, std::string_view what,
                 const absl::StatusOr<redis::Reply>& reply);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_REFUSAL_H_
