// How a TouchOperation is answered.
#include <algorithm>
#include <utility>

#include "base/error_details.h"
#include "server/replication/touch_operation.h"

namespace kache {

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
  repaired_ = true;
  ++round_;
  phase_ = Phase::kRepairing;
  shard().metrics().touches_repaired.Increment();
  const Consistency level =
      Answered() || consistency_ == Consistency::kOne ? Consistency::kQuorum : consistency_;
  const MonotonicTime by = Answered()
                               ? shard().clock().Monotonic() +
                                     absl::ToChronoMicroseconds(shard().options().write_timeout)
                               : deadline_;
  // Not without the touch: the replicas that took it may be gone by then.
  Read({level, Touched()->record.version}, by,
       [this](const absl::StatusOr<ReadResult>& result) { OnRepaired(result); });
}

void TouchOperation::OnRepaired(const absl::StatusOr<ReadResult>& result) {
  if (Answered()) return;
  if (!result.ok()) return AnswerReadFailure(result.status());
  if (!result->found) return AnswerMiss();
  // A newer one that was found may follow this touch.
  AnswerFound(Touched()->record, result->receipt.acknowledged);
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

uint32_t TouchOperation::HoldersOf(const Version& version) const {
  if (phase_ == Phase::kLooking && consistency_ != Consistency::kOne) return read_by_;
  return static_cast<uint32_t>(
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
  const auto said = static_cast<uint32_t>(Count(State::kSaid));
  miss.receipt = ReceiptNow({}, std::max(said, read_by_));
  Answer(std::move(miss));
}

// The receipt tells what stands; the stamp has to be above more than that.
void TouchOperation::AnswerSuperseded(const Record& by) {
  shard().metrics().stamps_superseded.Increment();
  Answer(WithReceipt(
      WithSuperseded(
          absl::AbortedError("a replica holds a newer version of the key, or a later touch"),
          {StampToBeat(by), AllHeard()}),
      ReceiptNow(by, HoldersOf(by.version))));
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
  if (unsure_ && absl::IsResourceExhausted(last_error_)) return AnswerShort();
  if (!last_error_.ok()) return Answer(last_error_);
  Answer(absl::UnavailableError("no Redis server of the key could be asked"));
}

// What says that nothing was done must not hide that the touch may have been.
void TouchOperation::AnswerReadFailure(const absl::Status& status) {
  if (!unsure_) return Answer(status);
  absl::IsDeadlineExceeded(status) ? AnswerDeadline() : AnswerShort();
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
  Answer(WithReceipt(
      absl::DeadlineExceededError(sent_ ? "too few replicas answered in time; the touch may have "
                                          "been done"
                                        : "too few replicas answered in time; nothing was done"),
      ReceiptNow(touched != nullptr ? touched->record : Record(),
                 static_cast<uint32_t>(HomesSaying(TouchSaid::kTouched)))));
}

void TouchOperation::Answer(absl::StatusOr<TouchResult> result) {
  shard().Unwatch(this);
  shard().RemoveUnanswered(unanswered_bytes_);
  std::exchange(done_, nullptr)(std::move(result));
}

void TouchOperation::EndIfDone() {
  if (!Answered() || outstanding_ > 0) return;
  if (!repaired_ && SomeLackIt()) {
    Repair();
    if (outstanding_ > 0) return;
  }
  delete this;
}

}  // namespace kache
