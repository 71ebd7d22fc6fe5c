#include "server/recovery/hint_commands.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "server/bookkeeping/coordinator_id.h"
#include "server/recovery/at_last.h"
#include "server/recovery/resync_resume.h"
#include "spdlog/spdlog.h"

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

// The node refuses all writes. What only reads is answered all the same.
bool IsRefusedForNow(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok() || !reply->IsError()) return false;
  const redis::ErrorKind kind = redis::ClassifyError(reply->text);
  return redis::IsWriteRefused(kind) && kind != redis::ErrorKind::kNoPerm;
}

// No later attempt goes better, until an operator changes something there.
bool IsRefusedForGood(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok() || !reply->IsError()) return false;
  const redis::ErrorKind kind = redis::ClassifyError(reply->text);
  return kind == redis::ErrorKind::kNoPerm || kind == redis::ErrorKind::kOther ||
         kind == redis::ErrorKind::kWrongType;
}

void LogRefusal(const RecoveryContext& context, NodeId holder, const char* what,
                const absl::StatusOr<redis::Reply>& reply) {
  if (IsNumber(reply) || IsRefusedForNow(reply)) return;
  spdlog::warn("{} node={} error=\"{}\"", what, context.name(holder),
               reply.ok() ? reply->text : reply.status().ToString());
}

// Hints that can't be taken are as good as missing.
std::optional<TakenHints> TakenIn(const RecoveryContext& context, NodeId holder,
                                  const absl::StatusOr<redis::Reply>& reply) {
  LogRefusal(context, holder, "hints could not be taken", reply);
  if (IsNumber(reply)) return static_cast<TakenHints>(reply->integer);
  if (IsRefusedForGood(reply)) return TakenHints::kOverflow;
  return std::nullopt;
}

void SendToAll(RecoveryContext& context, const std::vector<NodeId>& nodes,
               const std::function<redis::Command(NodeId)>& command,
               absl::AnyInvocable<void(bool all)> done) {
  const auto failed = std::make_shared<bool>(false);  // shared by the replies
  const std::shared_ptr<void> all =
      AtLast([failed, done = std::move(done)]() mutable { done(!*failed); });
  for (const NodeId node : nodes) {
    context.Send(node, command(node),
                 [&context, node, all, failed](const absl::StatusOr<redis::Reply>& reply) {
                   LogRefusal(context, node, "a set of hints could not be begun anew or ended",
                              reply);
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
  const auto take = redis::Command::Call(kache::TakeHints(),
                                         {keys.Hints(name), keys.Missed(), keys.HintsTaken(name)},
                                         {name, plan.job});
  const auto peek = redis::Command::Call(
      PeekHints(), {keys.Hints(name), keys.Missed(), keys.HintsTaken(name)}, {name});
  for (size_t i = 0; i < plan.sources.size(); ++i) {
    const NodeId source = plan.sources[i].node;
    if (plan.sources[i].has_nothing) {
      (*taken)[i] = TakenHints::kEmpty;
      continue;
    }
    context.Send(
        source, take,
        [&context, source, peek, taken, i, all](const absl::StatusOr<redis::Reply>& reply) {
          (*taken)[i] = TakenIn(context, source, reply);
          if (!IsRefusedForNow(reply)) return;
          context.Send(
              source, peek,
              [&context, source, taken, i, all](const absl::StatusOr<redis::Reply>& peeked) {
                (*taken)[i] = TakenIn(context, source, peeked);
              });
        });
  }
}

void SetHints(const RecoveryContext& context, ResyncPlan& plan, size_t source, TakenHints taken) {
  const std::string& name = context.name(plan.node);
  ResyncSource& it = plan.sources[source];
  it.in_place |= taken == TakenHints::kInPlace || taken == TakenHints::kBothInPlace;
  it.has_nothing = taken != TakenHints::kTaken && taken != TakenHints::kInPlace &&
                   taken != TakenHints::kBothInPlace;
  it.hints = it.in_place ? context.keys.Hints(name) : context.keys.HintsTaken(name);
  it.keys = 0;  // It is not known how many there are.
  if (taken != TakenHints::kBothInPlace) return;
  ResyncSource before = it;
  before.hints = context.keys.HintsTaken(name);
  plan.sources.push_back(std::move(before));
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
    if (source.has_nothing || source.in_place) continue;
    context.Send(
        source.node, command,
        [&context, node = source.node, finished, all](const absl::StatusOr<redis::Reply>& reply) {
          LogRefusal(context, node, "replayed hints could not be removed", reply);
          finished->missing |= IsRefusedForGood(reply);
          finished->failed |= !IsNumber(reply) && !IsRefusedForGood(reply);
          finished->missing |= IsNumber(reply) && reply->integer == 0;
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
