#include "server/recovery/refusal.h"

#include "server/redis/reply.h"
#include "spdlog/spdlog.h"

namespace kache {

void NoteRefusal(RecoveryContext& context, NodeId node, std::string_view what,
                 const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) {
    spdlog::warn("{} node={} error=\"{}\"", what, context.name(node), reply.status().ToString());
    return;
  }
  if (!reply->IsError()) return;
  if (!context.status(node).refuses_writes) {
    spdlog::warn("{} node={} error=\"{}\"", what, context.name(node),
                 redis::ErrorForPeople(reply->text));
  }
  context.monitor.OnWriteRefused(node, reply->text);
}

}  // namespace kache
