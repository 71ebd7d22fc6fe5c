// Whether Redis's user may run, on each node, the commands that hints need. Most of them are used
// only once another node is away; so they are looked for as soon as the node is inspected, and an
// operator hears of it before that.
//
// For the recovery's thread alone.
#ifndef KACHE_SERVER_RECOVERY_HINT_RIGHTS_H_
#define KACHE_SERVER_RECOVERY_HINT_RIGHTS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/recovery/recovery_context.h"

namespace kache {

class HintRights {
 public:
  // Between two checks of a process: rights may change while it runs. And where some are missing.
  static constexpr absl::Duration kCheckInterval = absl::Minutes(1);
  static constexpr absl::Duration kRetryInterval = absl::Seconds(5);

  explicit HintRights(RecoveryContext& context) : context_(context), nodes_(context.nodes()) {}

  // The node was inspected, and is ours: `run_id` is its process's. Checks its rights where that is
  // due; logs where they have changed, and shows it (RecoveryMetrics::hints_denied).
  void OnInspected(NodeId node, const std::string& run_id);

  // The commands that are denied there, with blanks between; empty = none, as far as is known.
  const std::string& denied(NodeId node) const { return nodes_[node.index()].denied; }

 private:
  struct Node {
    std::string run_id;  // of the process that was asked
    MonotonicTime due;   // the next check of that one
    std::string denied;
  };
  void OnReply(NodeId node, const absl::StatusOr<redis::Reply>& reply);

  RecoveryContext& context_;
  std::vector<Node> nodes_;  // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_HINT_RIGHTS_H_
