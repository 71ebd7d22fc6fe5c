// The commands and replies of a RedisClient.
#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "server/redis/redis_client_impl.h"

namespace kache::redis {
namespace {

// A script that is still unknown after so many loads is being flushed all the time, or may not be
// loaded: its command is answered with the error.
constexpr int kMaxScriptLoads = 3;

size_t Bytes(const Reply& reply) {
  size_t bytes = reply.text.size();
  for (const Reply& element : reply.elements) bytes += element.text.size();
  return bytes;
}

// Keeps the sum of a deadline from overflowing.
constexpr absl::Duration kLongestTimeout = absl::Hours(24);

}  // namespace

void RedisClientImpl::Send(Command command, absl::Duration timeout, ReplyCallback done) {
  assert(loop_.OnLoopThread());
  if (!Ready()) {
    Refuse(std::move(done), not_ready_);
    return;
  }
  const MonotonicTime deadline =
      loop_.Now() + absl::ToChronoNanoseconds(std::min(timeout, kLongestTimeout));
  if (command.shares_reply() && unsent_reads_.Join(command, deadline, socket_.batch(), done)) {
    ++counters_.reads_joined;
    return;
  }
  const size_t bytes = command.wire().size() + PendingQueue::kSlotBytes;
  if (!HasRoom(command, bytes)) {
    ++counters_.queue_full;
    Refuse(std::move(done), absl::ResourceExhaustedError("the node's queue is full"));
    return;
  }
  ++counters_.commands;
  HeldCommand sent;
  sent.pending.done = std::move(done);
  sent.pending.deadline = deadline;
  sent.pending.bytes = bytes;
  sent.pending.counted = command.keeps();
  const bool resumes = options_.resume_limit > absl::ZeroDuration();
  sent.wire_is_kept = resumes || command.script() != nullptr || ValuesAskedFor(command.wire()) > 1;
  sent.wire = std::move(command);
  Enqueue(std::move(sent));
}

bool RedisClientImpl::HasRoom(const Command& command, size_t bytes) const {
  const size_t counted = counted_bytes();
  const size_t uncounted =
      sent_.uncounted_bytes() + resumed_.uncounted_bytes() + held_.uncounted_bytes();
  if (counted + uncounted + bytes > options_.max_queue_bytes) return false;
  if (!command.keeps()) return uncounted + bytes <= options_.max_uncounted_bytes;
  return counted == 0 || !may_queue_ || may_queue_(counted);
}

void RedisClientImpl::Refuse(ReplyCallback done, absl::Status status) {
  refused_.push_back({std::move(done), std::move(status)});
  loop_.impl().CallAtTurnEnd(*this);
}

void RedisClientImpl::AnswerRefused() {
  if (refused_.empty()) return;
  // Those that are refused while these are called back wait for the next round.
  std::vector<Refused> refused = std::exchange(refused_, {});
  for (Refused& each : refused) each.done(std::move(each.status));
}

void RedisClientImpl::AnswerTimedOut(MonotonicTime now) {
  sent_.TakeTimedOut(now, timed_out_);
  resumed_.TakeTimedOut(now, timed_out_);
  held_.TakeTimedOut(now, timed_out_);
  if (timed_out_.empty()) return;
  counters_.timeouts += timed_out_.size();
  silence_.OnTimeouts(timed_out_.size());
  std::vector<ReplyCallback> timed_out = std::exchange(timed_out_, {});
  const absl::Status status = absl::DeadlineExceededError("no reply within the timeout");
  for (ReplyCallback& done : timed_out) done(status);
}

void RedisClientImpl::Enqueue(HeldCommand&& command) {
  if (NoneWaits()) silence_.OnFirstWaiting(loop_.Now());
  if (command.pending.bytes == 0) {
    command.pending.bytes = command.wire.wire().size() + PendingQueue::kSlotBytes;
  }
  const bool shares = command.wire.shares_reply();
  Command read = shares ? command.wire : Command();
  if (NoneIsHeld() && MayWrite(command.wire)) {
    Write(std::move(command));
    if (shares) unsent_reads_.AddGathered(std::move(read), socket_.batch());
  } else {
    const uint64_t number = held_.Push(std::move(command));
    if (shares) unsent_reads_.AddHeld(std::move(read), socket_.batch(), number);
  }
  loop_.impl().CallAtTurnEnd(*this);
  loop_.impl().StartTicks(*this);
}

bool RedisClientImpl::MayWrite(const Command& next) const {
  if (state_ != State::kReady) return false;
  const size_t unanswered = sent_.size();
  if (unanswered == 0) return true;
  if (suspects_ > 0 || sent_.Front().losses > 0) return false;
  return window_.Open(unanswered, values_under_way_, ValuesAskedFor(next.wire())) &&
         ReplyWindow::MaySend(unanswered, sent_.bytes() + next.wire().size());
}

void RedisClientImpl::Write(HeldCommand&& command) {
  values_under_way_ += ValuesAskedFor(command.wire.wire());
  socket_.Write(command.wire);
  if (command.wire_is_kept) command.pending.command = std::move(command.wire);
  sent_.Push(std::move(command.pending));
}

void RedisClientImpl::SendHeld() {
  bool sent = SendResumed();
  if (resumed_.empty()) {
    for (const HeldCommand* next = held_.Next(); next != nullptr && MayWrite(next->wire);
         next = held_.Next()) {
      Write(held_.TakeNext());
      sent = true;
    }
  }
  if (sent) loop_.impl().CallAtTurnEnd(*this);
}

bool RedisClientImpl::SendResumed() {
  bool sent = false;
  while (!resumed_.empty()) {
    PendingCommand& first = resumed_.Front();
    const bool waits = static_cast<bool>(first.done);
    if (waits && !MayWrite(first.command)) break;
    HeldCommand again{first.command, /*wire_is_kept=*/true, std::move(first)};
    resumed_.PopFront();
    if (suspects_ > 0) --suspects_;
    if (!waits) continue;
    Write(std::move(again));
    sent = true;
  }
  return sent;
}

void RedisClientImpl::SendPing() {
  if (state_ != State::kReady || ping_waiting_) return;
  ping_waiting_ = true;
  ping_sent_ = std::chrono::steady_clock::now();
  Enqueue({ping_, /*wire_is_kept=*/false, PendingCommand(PendingCommand::Kind::kPing)});
}

void RedisClientImpl::OnBytes(std::string_view bytes) {
  silence_.OnBytes(loop_.Now());
  reader_.Feed(bytes);
  Reply reply;
  while (state_ != State::kWaiting) {  // a reply can end the connection
    switch (reader_.Next(reply)) {
      case ReplyReader::Result::kReply:
        CountReply(reply);
        OnReply(std::move(reply));
        if (!NoneIsHeld()) SendHeld();
        break;
      case ReplyReader::Result::kMore:
        return;
      case ReplyReader::Result::kBroken:
        LoseUnreadable(bytes);
        return;
    }
  }
}

void RedisClientImpl::LoseUnreadable(std::string_view bytes) {
  if (state_ == State::kHandshaking && !handshake_->heard()) {
    Lose(AnswersNoRedis(Address(), bytes, reader_.error()), /*was_unusable=*/true);
  } else {
    Lose({"protocol_error", "the replies can't be read: " + std::string(reader_.error())},
         /*was_unusable=*/true);
  }
}

void RedisClientImpl::CountReply(const Reply& reply) {
  size_t values = 1;
  if (state_ == State::kReady && !sent_.empty()) {
    values = ValuesAskedFor(sent_.Front().command.wire());
    values_under_way_ -= values;
  }
  window_.OnReply(Bytes(reply), values);
}

void RedisClientImpl::OnReply(Reply reply) {
  if (state_ == State::kHandshaking) {
    OnHandshakeReply(reply);
    return;
  }
  if (sent_.empty()) {
    Lose({"protocol_error", "a reply came that no command waits for"}, /*was_unusable=*/true);
    return;
  }
  idle_losses_ = 0;
  switch (sent_.Front().kind) {
    case PendingCommand::Kind::kCommand:
      OnCommandReply(std::move(reply));
      return;
    case PendingCommand::Kind::kPing:
      if (reply.IsError() && IsServerUnusable(ClassifyError(reply.text))) {
        Lose(ReasonOfErrorReply("PING", reply.text), /*was_unusable=*/true);
        return;
      }
      sent_.PopFront();
      ping_waiting_ = false;
      // BUSY and its like are no sign of health.
      if (reply.IsError()) return;
      observer_.OnPing(node_, absl::FromChrono(std::chrono::steady_clock::now() - ping_sent_));
      return;
    case PendingCommand::Kind::kScriptLoad:
      // An error shows itself by the NOSCRIPT that the command behind it gets.
      std::erase(loading_, sent_.Front().command.script());
      sent_.PopFront();
      return;
  }
}

void RedisClientImpl::OnHandshakeReply(const Reply& reply) {
  switch (handshake_->OnReply(reply)) {
    case Handshake::Progress::kMore:
      return;
    case Handshake::Progress::kReady:
      BecomeReady();
      return;
    case Handshake::Progress::kRefused:
      Lose(DownReason(handshake_->refusal()));
      return;
  }
}

void RedisClientImpl::OnCommandReply(Reply reply) {
  if (reply.IsError()) {
    OnErrorReply(std::move(reply));
    return;
  }
  ReplyCallback done = std::move(sent_.Front().done);
  sent_.PopFront();
  if (done) {
    done(std::move(reply));
  } else {
    ++counters_.late_replies;
  }
}

void RedisClientImpl::OnErrorReply(Reply reply) {
  const ErrorKind kind = ClassifyError(reply.text);
  if (IsServerUnusable(kind)) {
    ++counters_.error_replies;
    // The command itself is still among those that Lose answers.
    Lose(ReasonOfErrorReply("a command", reply.text), /*was_unusable=*/true);
    return;
  }
  if (IsProtocolError(reply.text) && options_.resume_limit > absl::ZeroDuration()) {
    OnProtocolError(reply.text);
    return;
  }
  PendingCommand& front = sent_.Front();
  if (kind == ErrorKind::kNoScript && front.done && front.command.script() != nullptr &&
      front.script_loads < kMaxScriptLoads) {
    LoadScriptAndResend();
    return;
  }
  ++counters_.error_replies;
  ReplyCallback done = std::move(front.done);
  sent_.PopFront();
  if (!done) {
    ++counters_.late_replies;
  } else if (kind == ErrorKind::kBusy) {
    ++counters_.timeouts;
    done(absl::DeadlineExceededError("the server is busy with a script"));
  } else {
    done(std::move(reply));
  }
}

// Redis ends the connection, and has read nothing behind the command at the front.
void RedisClientImpl::OnProtocolError(const std::string& error) {
  ++counters_.error_replies;
  ReplyCallback done = std::move(sent_.Front().done);
  sent_.PopFront();
  StartResuming(LossCause::kProtocolError);
  if (!done) {
    ++counters_.late_replies;
    return;
  }
  ++counters_.culprits;
  done(TooMuchForNode(error));
}

void RedisClientImpl::LoadScriptAndResend() {
  PendingCommand resent = std::move(sent_.Front());
  sent_.PopFront();
  Command command = std::move(resent.command);
  const Script* script = command.script();
  // The commands of one script that were under way together need one load: it precedes them all,
  // as it is sent for no caller.
  if (std::ranges::find(loading_, script) == loading_.end()) {
    loading_.push_back(script);
    ++counters_.script_reloads;
    PendingCommand load(PendingCommand::Kind::kScriptLoad);
    load.command = command;
    Enqueue(
        {Command::Of({"SCRIPT", "LOAD", script->source}), /*wire_is_kept=*/false, std::move(load)});
  }
  ++resent.script_loads;
  Enqueue({std::move(command), /*wire_is_kept=*/true, std::move(resent)});
}

ClientCounters RedisClientImpl::counters() const {
  ClientCounters counters = counters_;
  counters.waiting_commands = sent_.size() + resumed_.size() + held_.size();
  counters.queued_bytes = sent_.bytes() + resumed_.bytes() + held_.bytes();
  return counters;
}

}  // namespace kache::redis
