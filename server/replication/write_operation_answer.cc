// How a WriteOperation is answered.
#include <algorithm>
#include <utility>

#include "base/error_details.h"
#include "server/redis/node_client.h"
#include "server/replication/write_operation.h"

namespace kache {
namespace {

// Redis takes no limit below 1 MiB for what it is sent, and the reply to a write is short. So the
// connections of a smaller record were lost for another reason, perhaps after the node took it.
constexpr size_t kLeastBeyondLimits = size_t{512} << 10;

}  // namespace

void WriteOperation::AnswerIfDecided() {
  AnswerIfSuperseded();
  if (Answered() || All(Outcome::kHoldsNewer) > 0) return;
  if (consistency_ != Consistency::kOne) {
    const uint32_t stored = Homes(Outcome::kAcknowledged);
    if (stored + Homes(Outcome::kWaiting) < required_) {
      if (All(Outcome::kEnded) > 0) return AnswerLifeOver();
      if (WaitsForLimits()) return;
      const uint32_t late = All(Outcome::kTooLate);
      if (late == 0 || late + All(Outcome::kWaiting) < targets_.size()) return AnswerShort();
      if (AllTooLate()) AnswerOutOfRange();  // else the others may say the same
      return;
    }
    if (stored < required_) return;
  } else if (Acknowledged() == 0) {
    if (All(Outcome::kWaiting) > 0) return;
    if (All(Outcome::kEnded) > 0) return AnswerLifeOver();
    if (AllTooLate()) return AnswerOutOfRange();
    if (!SendToStandIn()) AnswerFailure();
    return;
  }
  const bool primary_may_answer = primary_ && targets_[*primary_].outcome == Outcome::kWaiting &&
                                  !late_ && shard().Left(deadline_) > absl::ZeroDuration();
  if (primary_may_answer) return;
  const Receipt receipt = ReceiptNow();
  if (receipt.degraded) shard().metrics().writes_degraded.Increment();
  Answer(receipt);
}

// All replicas are waited for, stand-ins too, so that the caller learns the newest version and can
// stamp above all that was acknowledged before; but not for one that is late.
void WriteOperation::AnswerIfSuperseded() {
  if (Answered() || All(Outcome::kHoldsNewer) == 0) return;
  const bool in_time = !late_ && shard().Left(deadline_) > absl::ZeroDuration();
  if (All(Outcome::kWaiting) > 0 && in_time) return;
  const uint32_t waiting = Homes(Outcome::kWaiting);
  const bool one = consistency_ == Consistency::kOne;
  const uint32_t reached = one ? Acknowledged() + All(Outcome::kHoldsNewer)
                               : Homes(Outcome::kAcknowledged) + Homes(Outcome::kHoldsNewer);
  if (reached < required_) {
    if (reached + waiting < required_) AnswerShort();
    return;
  }
  shard().metrics().stamps_superseded.Increment();
  Answer(
      WithReceipt(WithSuperseded(absl::AbortedError("a replica holds a newer version of the key"),
                                 {newest_held_, AllHeard()}),
                  ReceiptNow(reached)));
}

Receipt WriteOperation::ReceiptNow() const {
  return ReceiptNow(consistency_ == Consistency::kOne ? Acknowledged()
                                                      : Homes(Outcome::kAcknowledged));
}

Receipt WriteOperation::ReceiptNow(uint32_t acknowledged) const {
  Receipt receipt;
  receipt.version = fields_.version;
  receipt.acknowledged = acknowledged;
  receipt.required = required_;
  receipt.expires_at_ms = fields_.tombstone ? 0 : fields_.expires_at_ms;
  receipt.degraded = degraded_ || !primary_ ||
                     (targets_[*primary_].outcome != Outcome::kAcknowledged &&
                      targets_[*primary_].outcome != Outcome::kHoldsNewer);
  return receipt;
}

void WriteOperation::AnswerShort() {
  shard().metrics().writes_short.Increment();
  if (AllBeyondLimits()) return Answer(WithReceipt(last_error_, ReceiptNow()));
  Answer(WithReceipt(absl::AbortedError("fewer home replicas acknowledged the write than the "
                                        "consistency level needs; it may have been applied"),
                     ReceiptNow()));
}

void WriteOperation::AnswerLifeOver() {
  absl::Status status =
      absl::AbortedError("the value's life was over before it was stored; give it a longer TTL");
  SetReason(kLifeOver, &status);
  Answer(WithReceipt(std::move(status), ReceiptNow()));
}

bool WriteOperation::AllTooLate() const {
  return !targets_.empty() && All(Outcome::kTooLate) == targets_.size();
}

bool WriteOperation::AllBeyondLimits() const {
  return attempt_ == 0 && !targets_.empty() && All(Outcome::kBeyondLimits) == targets_.size();
}

bool WriteOperation::WaitsForLimits() const {
  const uint32_t beyond = All(Outcome::kBeyondLimits);
  const uint32_t waiting = All(Outcome::kWaiting);
  return beyond > 0 && waiting > 0 && beyond + waiting == targets_.size() && !late_;
}

// Nothing was done anywhere.
void WriteOperation::AnswerOutOfRange() {
  shard().metrics().stamps_out_of_range.Increment();
  absl::Status status = absl::FailedPreconditionError(
      "the write's stamp is too old, or too far ahead of cluster time; stamp it anew");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(absl::ToUnixMillis(shard().clock().Now()), &status);
  Answer(std::move(status));
}

// What says that this node did nothing must not hide that another may have the write; nor must what
// is for good hide what is not.
bool WriteOperation::NoteError(absl::Status status) {
  const bool refused = redis::IsBeyondNodeLimits(status);
  const bool beyond_limits = refused && record_.size() >= kLeastBeyondLimits;
  if (refused && !beyond_limits) {
    status = absl::UnavailableError("connection_lost: each time this write was sent");
  }
  const auto rank = [](const absl::Status& error) {
    if (error.ok()) return 0;
    if (redis::IsBeyondNodeLimits(error)) return 1;
    return absl::IsResourceExhausted(error) ? 2 : 3;
  };
  if (rank(status) >= rank(last_error_)) last_error_ = std::move(status);
  return beyond_limits;
}

void WriteOperation::AnswerFailure() {
  if (targets_.empty()) {
    return Answer(absl::UnavailableError("no Redis server of the key can take writes"));
  }
  const bool took_nothing =
      absl::IsResourceExhausted(last_error_) || redis::IsBeyondNodeLimits(last_error_);
  if (attempt_ > 0 && took_nothing) {
    return Answer(absl::UnavailableError(
        "no node takes the write now; it may have been applied under an earlier version"));
  }
  Answer(last_error_);
}

void WriteOperation::Answer(absl::StatusOr<Receipt> receipt) {
  shard().Unwatch(this);
  shard().RemoveUnanswered(unanswered_bytes_);
  fields_.value = {};  // The caller's bytes go with the answer.
  std::exchange(done_, nullptr)(std::move(receipt));
}

uint32_t WriteOperation::Homes(Outcome outcome) const {
  return static_cast<uint32_t>(std::count_if(
      targets_.begin(), targets_.end(),
      [&](const Target& target) { return target.home && target.outcome == outcome; }));
}

uint32_t WriteOperation::All(Outcome outcome) const {
  return static_cast<uint32_t>(
      std::count_if(targets_.begin(), targets_.end(),
                    [outcome](const Target& target) { return target.outcome == outcome; }));
}

}  // namespace kache
