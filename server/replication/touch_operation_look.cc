// How a TouchOperation finds what it touches.
#include <algorithm>
#include <utility>

#include "server/replication/quorum_read.h"
#include "server/replication/read_result.h"
#include "server/replication/touch_operation.h"

namespace kache {
namespace {

// A touch of a key that others keep writing gives up at last.
constexpr uint32_t kMaxLooks = 8;

}  // namespace

void TouchOperation::Look() {
  phase_ = Phase::kLooking;
  touching_ = false;
  ++round_;
  ++looks_;
  for (Target& target : targets_) target.state = State::kIdle;
  if (consistency_ != Consistency::kOne) return LookByRead();
  if (!looks_at_all_) {
    if (!LookAtNext()) AnswerFailure();
    return;
  }
  for (size_t i = 0; i < targets_.size(); ++i) SendLook(i);
}

void TouchOperation::LookAnew() {
  if (looks_ == kMaxLooks) return AnswerShort();
  unsure_ |= touching_ && Count(State::kWaiting) > 0;
  Look();
}

bool TouchOperation::LookAtNext() {
  const auto next = std::find_if(targets_.begin(), targets_.end(), [this](const Target& target) {
    return target.home && target.state == State::kIdle && IsUp(target);
  });
  if (next == targets_.end()) return false;
  SendLook(static_cast<size_t>(next - targets_.begin()));
  return true;
}

void TouchOperation::SendLook(size_t target) {
  Target& to = targets_[target];
  to.state = State::kWaiting;
  asked_at_ = shard().clock().Monotonic();
  ++outstanding_;
  shard().client(to.node).Send(
      ReadHeader(redis_key_), shard().Left(deadline_),
      [this, target, round = round_](const absl::StatusOr<redis::Reply>& reply) {
        OnLook(target, round, reply);
      });
}

void TouchOperation::OnLook(size_t target, uint32_t round,
                            const absl::StatusOr<redis::Reply>& reply) {
  --outstanding_;
  if (round != round_ || Answered()) return EndIfDone();
  Target& from = targets_[target];
  // GETRANGE answers nothing of a key that is not there.
  const bool is_empty = reply.ok() && !reply->IsError() && reply->text.empty();
  const Finding finding = is_empty ? Finding() : Inspect(reply, shard());
  from.state = State::kSaid;
  from.said = TouchSaid::kAbsent;
  from.record = {};
  if (finding.kind == Finding::Kind::kFailed) {
    from.state = State::kFailed;
    last_error_ = finding.error;
    degraded_ = true;
  } else if (finding.HoldsRecord() && (from.home || finding.record.stand_in)) {
    const int64_t now_ms = absl::ToUnixMillis(shard().clock().Now());
    from.record = finding.record;
    from.record.value = {};
    from.said = from.record.tombstone || from.record.ExpiredAt(now_ms) ? TouchSaid::kEnded
                                                                       : TouchSaid::kTouched;
    if (finding.kind == Finding::Kind::kNewerFormat) from.said = TouchSaid::kUntouched;
  }
  from.heard |= from.state == State::kSaid;
  DecideLook();
  EndIfDone();
}

void TouchOperation::DecideLook() {
  if (Answered() || phase_ != Phase::kLooking || consistency_ != Consistency::kOne) return;
  looks_at_all_ ? DecideLookOfAll() : DecideLookAtOne();
}

// What the first home replica that is UP says counts, whatever it is; that a further one holds
// nothing does not.
void TouchOperation::DecideLookAtOne() {
  for (size_t i = 0; i < targets_.size(); ++i) {
    const Target& target = targets_[i];
    if (target.state != State::kSaid) continue;
    const bool is_first = primary_ == i && !degraded_;
    if (is_first || target.said != TouchSaid::kAbsent) return DecideBy(target);
  }
  const bool waits = Count(State::kWaiting) > 0;
  const bool late = asked_at_ + absl::ToChronoMicroseconds(shard().options().try_timeout) <=
                    shard().clock().Monotonic();
  if (waits && !late) return;
  degraded_ = true;
  if (LookAtNext() || waits) return;
  Count(State::kSaid) > 0 ? AnswerMiss() : AnswerFailure();
}

void TouchOperation::DecideLookOfAll() {
  if (Count(State::kWaiting) > 0 && InTime()) return;
  if (const Target* newest = Newest()) return DecideBy(*newest);
  if (Count(State::kWaiting) == 0) AnswerFailure();
}

void TouchOperation::DecideBy(const Target& target) {
  switch (target.said) {
    case TouchSaid::kTouched:
      return GoOnWith(Record(target.record));
    case TouchSaid::kUntouched:
      return Answer(NewerFormatError());
    default:
      return AnswerMiss();
  }
}

void TouchOperation::LookByRead() {
  Read({consistency_, {}}, deadline_,
       [this](const absl::StatusOr<ReadResult>& result) { OnRead(result); });
}

void TouchOperation::OnRead(const absl::StatusOr<ReadResult>& result) {
  if (Answered()) return;
  if (!result.ok()) return AnswerReadFailure(result.status());
  degraded_ |= result->receipt.degraded;
  read_by_ = result->receipt.acknowledged;
  if (!result->found) return AnswerMiss();
  Record record;
  record.version = result->receipt.version;
  record.expires_at_ms = result->receipt.expires_at_ms;
  record.touched = result->touched;
  GoOnWith(record);
}

void TouchOperation::Read(const ReadOptions& options, MonotonicTime deadline, ReadCallback done) {
  outstanding_ += 2;  // The answer may come before the call returns.
  (new QuorumRead(shard(), key_, token_, options, deadline,
                  [this, done = std::move(done)](absl::StatusOr<ReadResult> result) mutable {
                    --outstanding_;
                    done(std::move(result));
                    EndIfDone();
                  }))
      ->Run();
  --outstanding_;
}

}  // namespace kache
