#include "server/recovery/hint_commands.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/at_last.h"
#include "server/recovery/resync_resume.h"

namespace kache {
namespace {

bool IsNumber(const absl::StatusOr<redis::Reply>& reply) {
  return reply.ok() && reply->type == redis::Reply::Type::kInteger;
}

// As ResetHints is told.
const char* ComparedFrom(const ResyncPlan& plan, NodeId holder) {
  if (!HasBegunBefore(plan)) return kComparedFromStart;
  const bool from_start =
      std::any_of(plan.sources.begin(), plan.sources.end(), [&](const ResyncSource& source) {
        return source.node == holder && source.checkpoint.cursor == ResyncCheckpoint().cursor;
      });
  return from_start ? kSourceFromStart : kComparedOn;
}

void SendToAll(RecoveryContext& context, const std::vector<NodeId>& nodes,
               const std::function<redis::Command(NodeId)>& command,
               absl::AnyInvocable<void(bool all)> done) {
  const auto failed = std::make_shared<bool>(false);  // shared by the replies
  const std::shared_ptr<void> all =
      AtLast([failed, done = std::move(done)]() mutable { done(!*failed); });
  for (const NodeId node : nodes) {
    context.Send(node, command(node), [all, failed](const absl::StatusOr<redis::Reply>& reply) {
      *failed |= !IsNumber(reply);
    });
  }
}

}  // namespace

void TakeAllHints(RecoveryContext& context, const ResyncPlan& plan,
                  absl::AnyInvocable<void(const AllTaken&)> done) {
  const std::string& name = context.name(plan.node);
  const KeySpace& keys = context.keys;
  const auto taken = std::make_shared<AllTaken>(plan.sources.size());  // shared by the replies
  const std::shared_ptr<void> all =
      AtLast([taken, done = std::move(done)]() mutable { done(*taken); });
  const auto command = redis::Command::Call(
      kache::TakeHints(), {keys.Hints(name), keys.Missed(), keys.HintsTaken(name)},
      {name, plan.job});
  for (size_t i = 0; i < plan.sources.size(); ++i) {
    if (plan.sources[i].has_nothing) {
      (*taken)[i] = TakenHints::kEmpty;
      continue;
    }
    context.Send(plan.sources[i].node, command,
                 [taken, i, all](const absl::StatusOr<redis::Reply>& reply) {
                   if (IsNumber(reply)) (*taken)[i] = static_cast<TakenHints>(reply->integer);
                 });
  }
}

void FinishAllHints(RecoveryContext& context, const ResyncPlan& plan,
                    absl::AnyInvocable<void(const FinishedHints&)> done) {
  const std::string& name = context.name(plan.node);
  const auto finished = std::make_shared<FinishedHints>();  // shared by the replies
  const std::shared_ptr<void> all =
      AtLast([finished, done = std::move(done)]() mutable { done(*finished); });
  const auto command = redis::Command::Call(
      FinishHints(), {context.keys.Hints(name), context.keys.HintsTaken(name)}, {plan.job});
  for (const ResyncSource& source : plan.sources) {
    if (source.has_nothing) continue;
    context.Send(source.node, command, [finished, all](const absl::StatusOr<redis::Reply>& reply) {
      const bool told = IsNumber(reply);
      finished->failed |= !told;
      finished->missing |= told && reply->integer == 0;
    });
  }
}

void ResetAllHints(RecoveryContext& context, const ResyncPlan& plan,
                   const std::vector<NodeId>& holders, absl::AnyInvocable<void(bool all)> done) {
  const std::string& name = context.name(plan.node);
  SendToAll(
      context, holders,
      [&](NodeId holder) {
        return redis::Command::Call(ResetHints(),
                                    {context.keys.Hints(name), context.keys.HintsTaken(name)},
                                    {FenceText(plan.fence), plan.job, ComparedFrom(plan, holder)});
      },
      std::move(done));
}

void EndComparisons(RecoveryContext& context, const ResyncPlan& plan,
                    const std::vector<NodeId>& holders, const std::vector<uint64_t>& hinting,
                    absl::AnyInvocable<void()> done) {
  const std::string& name = context.name(plan.node);
  const std::vector<std::string> keys = {context.keys.Hints(name), context.keys.Missed()};
  std::vector<std::string> arguments = {FenceText(plan.fence), plan.job, name};
  for (const uint64_t coordinator : hinting) arguments.push_back(CoordinatorText(coordinator));
  const std::vector<std::string_view> key_views(keys.begin(), keys.end());
  const std::vector<std::string_view> argument_views(arguments.begin(), arguments.end());
  const auto command = redis::Command::Call(EndComparison(), key_views, argument_views);
  SendToAll(
      context, holders, [&](NodeId) { return command; },
      [done = std::move(done)](bool) mutable { done(); });
}

}  // namespace kache
