#include "server/redis/held_commands.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "server/redis/reply_window.h"

namespace kache::redis {
namespace {

size_t CostOf(const Command& wire) {
  return ValuesAskedFor(wire.wire()) + wire.wire().size() / HeldCommands::kBytesOfAValue;
}

}  // namespace

uint64_t HeldCommands::Push(HeldCommand command) {
  const CallerId id = command.wire.caller();
  const uint64_t number = pushed_++;
  ++size_;
  bytes_ += command.pending.bytes;
  if (!command.pending.counted) uncounted_bytes_ += command.pending.bytes;
  earliest_deadline_ = std::min(earliest_deadline_, command.pending.deadline);
  if (id == kNoCaller) {
    own_.push_back({number, std::move(command)});
    return number;
  }
  const auto [place, is_new] = callers_.try_emplace(id);
  Caller& caller = place->second;
  if (is_new && spare_) {
    caller = std::move(*spare_);
    spare_.reset();
  }
  caller.waiting.push_back({number, std::move(command)});
  if (is_new) {
    caller.start = now_;
    AddTurn(id, caller);
  }
  return number;
}

void HeldCommands::AddTurn(CallerId id, const Caller& caller) {
  turns_.push_back({caller.start, caller.waiting.front().number, id});
  std::push_heap(turns_.begin(), turns_.end(), std::greater<>());
}

std::deque<HeldCommands::Waiting>& HeldCommands::NextQueue() {
  return own_.empty() ? callers_.find(turns_.front().caller)->second.waiting : own_;
}

const HeldCommand* HeldCommands::Next() {
  while (size_ > 0) {
    const Waiting& next = NextQueue().front();
    if (!IsDropped(next.command.pending)) return &next.command;
    Uncount(next.command.pending);
    RemoveNext(0);
  }
  return nullptr;
}

HeldCommand HeldCommands::TakeNext() {
  HeldCommand next = std::move(NextQueue().front().command);
  Uncount(next.pending);
  RemoveNext(CostOf(next.wire));
  return next;
}

void HeldCommands::RemoveNext(size_t cost) {
  if (--size_ == 0) earliest_deadline_ = MonotonicTime::max();
  if (!own_.empty()) {
    own_.pop_front();
    return;
  }
  const CallerId id = turns_.front().caller;
  std::pop_heap(turns_.begin(), turns_.end(), std::greater<>());
  turns_.pop_back();
  const auto place = callers_.find(id);
  Caller& caller = place->second;
  caller.waiting.pop_front();
  now_ = caller.start;
  if (!caller.waiting.empty()) {
    caller.start += cost;
    return AddTurn(id, caller);
  }
  spare_ = std::move(caller);
  callers_.erase(place);
}

void HeldCommands::Uncount(const PendingCommand& pending) {
  bytes_ -= pending.bytes;
  if (!pending.counted) uncounted_bytes_ -= pending.bytes;
}

std::deque<HeldCommands::Waiting>* HeldCommands::QueueOf(CallerId caller) {
  if (caller == kNoCaller) return &own_;
  const auto found = callers_.find(caller);
  return found == callers_.end() ? nullptr : &found->second.waiting;
}

PendingCommand* HeldCommands::At(CallerId caller, uint64_t number) {
  std::deque<Waiting>* queue = QueueOf(caller);
  if (queue == nullptr) return nullptr;
  const auto found =
      std::lower_bound(queue->begin(), queue->end(), number,
                       [](const Waiting& each, uint64_t wanted) { return each.number < wanted; });
  if (found == queue->end() || found->number != number) return nullptr;
  return &found->command.pending;
}

void HeldCommands::TakeTimedOutOf(std::deque<Waiting>& queue, MonotonicTime now,
                                  MonotonicTime& earliest, std::vector<ReplyCallback>& timed_out) {
  for (Waiting& each : queue) {
    PendingCommand& pending = each.command.pending;
    if (!pending.done) continue;
    if (pending.deadline > now) {
      earliest = std::min(earliest, pending.deadline);
      continue;
    }
    timed_out.push_back(std::exchange(pending.done, nullptr));
    // The caller stays who waits here.
    each.command.wire = Command();
  }
}

void HeldCommands::TakeTimedOut(MonotonicTime now, std::vector<ReplyCallback>& timed_out) {
  if (now < earliest_deadline_) return;
  earliest_deadline_ = MonotonicTime::max();
  TakeTimedOutOf(own_, now, earliest_deadline_, timed_out);
  for (auto& [id, caller] : callers_) {
    TakeTimedOutOf(caller.waiting, now, earliest_deadline_, timed_out);
  }
}

void HeldCommands::DropPingsAndLoads() {
  for (Waiting& each : own_) {
    if (each.command.pending.kind == PendingCommand::Kind::kCommand) continue;
    each.command.pending.kind = PendingCommand::Kind::kCommand;
    each.command.pending.done = nullptr;
  }
}

std::vector<ReplyCallback> HeldCommands::TakeAll() {
  std::vector<Waiting> all;
  const auto take = [&all](std::deque<Waiting>& queue) {
    for (Waiting& each : queue) all.push_back(std::move(each));
  };
  take(own_);
  for (auto& [id, caller] : callers_) take(caller.waiting);
  std::ranges::sort(all, {}, &Waiting::number);
  const uint64_t pushed = pushed_;
  *this = HeldCommands();
  pushed_ = pushed;
  std::vector<ReplyCallback> callbacks;
  for (Waiting& each : all) {
    if (each.command.pending.done) callbacks.push_back(std::move(each.command.pending.done));
  }
  return callbacks;
}

}  // namespace kache::redis
