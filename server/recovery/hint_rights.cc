#include "server/recovery/hint_rights.h"

#include <utility>

#include "base/strings.h"
#include "server/replication/hint_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {

void HintRights::OnInspected(NodeId node, const std::string& run_id) {
  Node& it = nodes_[node.index()];
  if (it.run_id == run_id && context_.now() < it.due) return;
  it.run_id = run_id;
  it.due = context_.now() + absl::ToChronoNanoseconds(kRetryInterval);  // until it is answered
  const std::string probe = context_.keys.Probe();
  context_.Send(
      node,
      redis::Command::Call(CheckHintRights(), {Concat(probe, ":set"), Concat(probe, ":other")}, {}),
      [this, node](const absl::StatusOr<redis::Reply>& reply) { OnReply(node, reply); });
}

void HintRights::OnReply(NodeId node, const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok() || reply->type != redis::Reply::Type::kString) return;
  Node& it = nodes_[node.index()];
  const absl::Duration wait = reply->text.empty() ? kCheckInterval : kRetryInterval;
  it.due = context_.now() + absl::ToChronoNanoseconds(wait);
  context_.metrics.hints_denied[node.index()]->Set(reply->text.empty() ? 0 : 1);
  const std::string before = std::exchange(it.denied, reply->text);
  if (before == it.denied) return;
  if (it.denied.empty()) {
    spdlog::info("Redis's user may run all commands that hints need again node={}",
                 context_.name(node));
    return;
  }
  spdlog::error(
      "Redis's user may not run commands that hints need: writes go on, but each absence of a node "
      "ends with a comparison of all keys. Grant them (docs/managed-redis.md) node={} commands={}",
      context_.name(node), it.denied);
}

}  // namespace kache
