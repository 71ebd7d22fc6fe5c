#include "server/recovery/lease.h"

#include <utility>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/refusal.h"

namespace kache {
namespace {

redis::Command LeaseCommand(const RecoveryContext& context, const std::string& lease,
                            absl::Duration life) {
  return redis::Command::Call(
      LeaseScript(), {lease},
      {CoordinatorText(context.self), std::to_string(absl::ToInt64Milliseconds(life))});
}

}  // namespace

void TakeLease(RecoveryContext& context, NodeId node, const std::string& lease,
               absl::AnyInvocable<void(bool has_it)> done) {
  context.Send(node, LeaseCommand(context, lease, kLeaseLife),
               [&context, node, asked_at = context.now(),
                done = std::move(done)](const absl::StatusOr<redis::Reply>& reply) mutable {
                 if (!reply.ok()) return;
                 if (reply->IsError()) {
                   return NoteRefusal(context, node, "a lease could not be taken", reply);
                 }
                 // Read so late that it has ended since: this process stood still.
                 const bool is_over = absl::FromChrono(context.now() - asked_at) >= kLeaseLife;
                 done(reply->integer == 1 && !is_over);
               });
}

void GiveLeaseBack(RecoveryContext& context, NodeId node, const std::string& lease) {
  context.Send(node, LeaseCommand(context, lease, absl::ZeroDuration()));
}

}  // namespace kache
