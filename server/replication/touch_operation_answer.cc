// How a TouchOperation is answered.
#include <algorithm>
#include <utility>

#include "base/error_details.h"
#include "server/replication/quorum_read.h"
#include "server/replication/touch_operation.h"

namespace kache {
namespace {

constexpr uint32_t kMaxRepairs = 2;

}  // namespace

void TouchOperation::DecideTouch() {
  if (Answered() || phase_ != Phase::kTouching) return;
  consistency_ == Consistency::kOne ? DecideTouchAtOne() : DecideTouchOfLevel();
}

// As for a write, but for what the first home replica says beside a failure: the others are asked
// whether they took the touch before the life was over, say.
void TouchOperation::DecideTouchAtOne() {
  const size_t waiting = Count(State::kWaiting);
  const Target* const first = primary_ ? &targets_[*primary_] : nullptr;
  if (first != nullptr && first->Said(TouchSaid::kTouched)) {
    return AnswerFound(first->record, static_cast<uint32_t>(Saying(TouchSaid::kTouched)));
  }
  if (first != nullptr && first->state == State::kWaiting && InTime()) return;
  if (const Target* touched = Touched()) {
    if (first != nullptr && first->state == State::kSaid && waiting > 0 && InTime()) return;
    degraded_ = true;
    // What is newer, and over, ended the value that was touched.
    const Target* const newest = Newest();
    if (newest->said == TouchSaid::kEnded && newest->record.version > touched->record.version) {
      return AnswerMiss();
    }
    return AnswerFound(touched->record, static_cast<uint32_t>(Saying(TouchSaid::kTouched)));
  }
  if (waiting > 0 && InTime()) return;
  if (DecideByNewer()) return;
  const bool first_said = first != nullptr && first->state == State::kSaid;
  if (waiting == 0 || first_said) AnswerUntouched();
}

void TouchOperation::DecideTouchOfLevel() {
  const size_t touched = HomesSaying(TouchSaid::kTouched);
  if (touched >= required_) return AnswerFound(Touched()->record, static_cast<uint32_t>(touched));
  const size_t waiting = Count(State::kWaiting);
  if (waiting > 0 && InTime()) return;
  if (DecideByNewer()) return;
  if (touched > 0 && touched + HomesLacking() >= required_) return Repair();
  if (touched == 0 && (waiting == 0 || HomesLacking() >= required_)) return AnswerUntouched();
  if (touched + waiting < required_) AnswerShort();
}

// Nobody did it, as far as is known.
void TouchOperation::AnswerUntouched() {
  if (Saying(TouchSaid::kUntouched) > 0) {
    return Answer(absl::FailedPreconditionError("this record can't be touched; write it anew"));
  }
  if (Saying(TouchSaid::kTooLate) > 0 && Count(State::kFailed) == 0) return AnswerOutOfRange();
  if (consistency_ != Consistency::kOne && HomesLacking() < required_) return AnswerShort();
  Count(State::kSaid) > 0 ? AnswerMiss() : AnswerFailure();
}

bool TouchOperation::DecideByNewer() {
  const Target* newer = nullptr;
  for (const Target& target : targets_) {
    if (!target.Said(TouchSaid::kNewer)) continue;
    if (newer == nullptr || StampToBeat(target.record) > StampToBeat(newer->record)) {
      newer = &target;
    }
  }
  if (newer != nullptr) return MeetNewer(Record(newer->record)), true;
  if (Saying(TouchSaid::kChanged) > 0) return LookAnew(), true;
  return false;
}

void TouchOperation::Repair() {
  if (repairs_ == kMaxRepairs) return AnswerShort();
  ++repairs_;
  ++round_;
  phase_ = Phase::kRepairing;
  shard().metrics().touches_repaired.Increment();
  const ReadOptions options{
      Answered() || consistency_ == Consistency::kOne ? Consistency::kQuorum : consistency_, {}};
  const MonotonicTime by = Answered()
                               ? shard().clock().Monotonic() +
                                     absl::ToChronoMicroseconds(shard().options().write_timeout)
                               : deadline_;
  outstanding_ += 2;  // The answer may come before the call returns.
  (new QuorumRead(shard(), key_, token_, options, by, [this](absl::StatusOr<ReadResult> result) {
    --outstanding_;
    OnRepaired(std::move(result));
  }))->Run();
  --outstanding_;
}

void TouchOperation::OnRepaired(absl::StatusOr<ReadResult> result) {
  if (Answered()) return EndIfDone();
  if (!result.ok()) {
    Answer(result.status());
  } else if (Touched() == nullptr) {
    LookAnew();
  } else if (!result->found) {
    AnswerMiss();
  } else {
    Record record;
    record.version = result->receipt.version;
    record.expires_at_ms = result->receipt.expires_at_ms;
    AnswerFound(record, result->receipt.acknowledged);
  }
  EndIfDone();
}

void TouchOperation::Fail(Target& target, const absl::StatusOr<redis::Reply>& reply) {
  target.state = State::kFailed;
  degraded_ = true;
  if (!reply.ok()) {
    shard().metrics().write_failures.For(reply.status()).Increment();
    target.gone = !absl::IsDeadlineExceeded(reply.status());
    last_error_ = reply.status();
    return;
  }
  shard().metrics().write_failures.error_reply.Increment();
  const redis::ErrorKind kind = redis::ClassifyError(reply->text);
  last_error_ =
      absl::UnavailableError("Redis refused the touch: " + std::string(redis::ErrorKindName(kind)));
  target.gone = true;
  if (redis::IsWriteRefused(kind)) shard().ReportWriteRefused(target.node, kind);
}

void TouchOperation::NoteSkipped(absl::Span<const NodeId> homes) {
  for (const NodeId home : homes) {
    const bool sent = std::any_of(targets_.begin(), targets_.end(),
                                  [&](const Target& target) { return target.node == home; });
    if (!sent) shard().NoteMissed(home);
  }
}

// A touch that nobody took is owed to nobody.
void TouchOperation::NoteFailed(Target& target) {
  if (!taken_ || !target.home || target.noted) return;
  target.noted = true;
  shard().NoteMissed(target.node);
}

void TouchOperation::TimePassed(MonotonicTime now) {
  if (now >= deadline_) {
    AnswerDeadline();
    return EndIfDone();
  }
  DecideLook();
  DecideTouch();
  EndIfDone();
}

bool TouchOperation::IsUp(const Target& target) const {
  return shard().View(target.node).state == NodeState::kUp;
}

// As for a write (write_operation.h).
bool TouchOperation::AllHeard() const {
  const size_t homes = shard().homes();
  const size_t enough = homes - RequiredReplicas(Consistency::kQuorum, homes) + 1;
  const auto heard = std::count_if(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.home && target.heard;
  });
  return phase_ == Phase::kTouching && static_cast<size_t>(heard) >= enough &&
         std::all_of(targets_.begin(), targets_.end(),
                     [](const Target& target) { return target.heard || target.gone; });
}

bool TouchOperation::InTime() const {
  const absl::Duration waited = absl::FromChrono(shard().clock().Monotonic() - asked_at_);
  return waited < shard().options().try_timeout && shard().Left(deadline_) > absl::ZeroDuration();
}

size_t TouchOperation::Count(State state) const {
  return static_cast<size_t>(
      std::count_if(targets_.begin(), targets_.end(),
                    [state](const Target& target) { return target.state == state; }));
}

size_t TouchOperation::Saying(TouchSaid said) const {
  return static_cast<size_t>(
      std::count_if(targets_.begin(), targets_.end(),
                    [said](const Target& target) { return target.Said(said); }));
}

size_t TouchOperation::HomesSaying(TouchSaid said) const {
  return static_cast<size_t>(
      std::count_if(targets_.begin(), targets_.end(),
                    [said](const Target& target) { return target.home && target.Said(said); }));
}

size_t TouchOperation::HoldersOf(const Version& version) const {
  return static_cast<size_t>(
      std::count_if(targets_.begin(), targets_.end(), [&](const Target& target) {
        return target.state == State::kSaid && target.record.version == version;
      }));
}

size_t TouchOperation::HomesLacking() const {
  return HomesSaying(TouchSaid::kAbsent) + HomesSaying(TouchSaid::kOlder) +
         HomesSaying(TouchSaid::kEnded);
}

const TouchOperation::Target* TouchOperation::Newest() const {
  const Target* newest = nullptr;
  for (const Target& target : targets_) {
    if (target.state != State::kSaid) continue;
    if (newest == nullptr || target.record.version > newest->record.version) newest = &target;
  }
  return newest;
}

const TouchOperation::Target* TouchOperation::Touched() const {
  if (!touching_) return nullptr;
  const auto touched = std::find_if(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.Said(TouchSaid::kTouched);
  });
  return touched == targets_.end() ? nullptr : &*touched;
}

bool TouchOperation::SomeLackIt() const {
  const Target* touched = Touched();
  if (touched == nullptr) return false;
  return std::any_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    return target.home && target.state == State::kSaid && IsUp(target) &&
           target.record.version < touched->record.version;
  });
}

Receipt TouchOperation::ReceiptNow(const Record& record, uint32_t acknowledged) const {
  Receipt receipt;
  receipt.version = record.version;
  receipt.acknowledged = acknowledged;
  receipt.required = required_;
  receipt.expires_at_ms = record.expires_at_ms;
  receipt.degraded = degraded_ || !primary_;
  return receipt;
}

void TouchOperation::AnswerFound(const Record& record, uint32_t acknowledged) {
  if (degraded_ || !primary_) shard().metrics().writes_degraded.Increment();
  Answer(TouchResult{true, ReceiptNow(record, acknowledged)});
}

void TouchOperation::AnswerMiss() {
  TouchResult miss;
  miss.receipt = ReceiptNow({}, static_cast<uint32_t>(Count(State::kSaid)));
  Answer(std::move(miss));
}

void TouchOperation::AnswerSuperseded(const Version& to_beat) {
  shard().metrics().stamps_superseded.Increment();
  Answer(WithSuperseded(
      absl::AbortedError("a replica holds a newer version of the key, or a later touch"),
      {to_beat, AllHeard()}));
}

// Nothing was done anywhere.
void TouchOperation::AnswerOutOfRange() {
  shard().metrics().stamps_out_of_range.Increment();
  absl::Status status = absl::FailedPreconditionError(
      "the touch's stamp is too old, or too far ahead of cluster time; stamp it anew");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(absl::ToUnixMillis(shard().clock().Now()), &status);
  Answer(std::move(status));
}

void TouchOperation::AnswerFailure() {
  if (Answered()) return;
  if (shard().Left(deadline_) == absl::ZeroDuration()) return AnswerDeadline();
  if (!last_error_.ok() && consistency_ == Consistency::kOne) return Answer(last_error_);
  if (absl::IsResourceExhausted(last_error_) && !sent_) return Answer(last_error_);
  Answer(WithReceipt(
      absl::UnavailableError("fewer home replicas are up than the consistency level needs"),
      ReceiptNow({}, 0)));
}

void TouchOperation::AnswerShort() {
  if (Answered()) return;
  shard().metrics().writes_short.Increment();
  const Target* touched = Touched();
  Answer(WithReceipt(absl::AbortedError("fewer home replicas took the touch than the consistency "
                                        "level needs; it may have been done"),
                     ReceiptNow(touched != nullptr ? touched->record : Record(),
                                static_cast<uint32_t>(HomesSaying(TouchSaid::kTouched)))));
}

void TouchOperation::AnswerDeadline() {
  const Target* touched = Touched();
  if (touched != nullptr && consistency_ == Consistency::kOne) {
    degraded_ = true;
    return AnswerFound(touched->record, static_cast<uint32_t>(Saying(TouchSaid::kTouched)));
  }
  Answer(WithReceipt(absl::DeadlineExceededError(
                         "too few replicas answered in time; the touch may have been done"),
                     ReceiptNow(touched != nullptr ? touched->record : Record(),
                                static_cast<uint32_t>(touched != nullptr ? 1 : 0))));
}

void TouchOperation::Answer(absl::StatusOr<TouchResult> result) {
  shard().Unwatch(this);
  std::exchange(done_, nullptr)(std::move(result));
}

void TouchOperation::EndIfDone() {
  if (!Answered() || outstanding_ > 0) return;
  if (repairs_ == 0 && SomeLackIt()) {
    Repair();
    if (outstanding_ > 0) return;
  }
  delete this;
}

}  // namespace kache
