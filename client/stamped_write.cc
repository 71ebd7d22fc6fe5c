#include "client/stamped_write.h"

#include <optional>

#include "base/error_details.h"
#include "client/messages.h"
#include "client/rpc_status.h"

namespace kache {

void StampedWrite::Stamp(StampClock& clock, absl::Time now) {
  version_ = clock.Next(now);
  made_at_ms_ = absl::ToUnixMillis(now);
}

void StampedWrite::TakeGiven(const v1::Stamp& stamp) {
  version_ = {stamp.timestamp(), stamp.clock()};
  given_ = true;
}

void StampedWrite::CopyTo(v1::Stamp* message) const {
  message->Clear();
  message->set_timestamp(version_.timestamp);
  message->set_clock(version_.clock);
  if (made_at_ms_ != MillisOf(version_.timestamp)) message->set_made_at_unix_ms(made_at_ms_);
  if (above_.IsSet()) *message->mutable_above() = ToMessage(above_);
}

StampedWrite::Verdict StampedWrite::Judge(const absl::Status& error, IsWaitedFor is_waited_for,
                                          StampClock& clock, absl::Time now) {
  if (given_) return Verdict::kFailed;
  const std::string reason = ReasonOf(error);
  if (reason == kSuperseded) {
    const std::optional<v1::Superseded> superseded = SupersededOf(error);
    return superseded ? JudgeSuperseded(*superseded, is_waited_for, clock, now) : Verdict::kFailed;
  }
  if (reason != kStampOutOfRange || refusals_ == kMaxRefusals || !is_waited_for()) {
    return Verdict::kFailed;
  }
  ++refusals_;
  if (version_.timestamp > TimestampAt(now)) clock.Restart(version_, now);
  version_ = clock.Next(now);
  above_ = {};
  // Nothing was done, so the life begins now; unless an attempt got as far as the replicas.
  if (restamps_ == 0) made_at_ms_ = absl::ToUnixMillis(now);
  return Verdict::kSendAgain;
}

StampedWrite::Verdict StampedWrite::JudgeSuperseded(const v1::Superseded& superseded,
                                                    IsWaitedFor is_waited_for, StampClock& clock,
                                                    absl::Time now) {
  const Version held = FromMessage(superseded.held());
  if (clock.GaveLater(held, version_)) return Verdict::kStored;
  // The stamp is above all that was acknowledged before an earlier answer: what is newer still came
  // while this write was under way.
  if (all_held_ != 0 && version_.timestamp > all_held_) return Verdict::kStored;
  if (restamps_ == kMaxRestamps || !is_waited_for()) return Verdict::kFailed;
  const std::optional<Version> anew = clock.NextAbove(held, now);
  if (!anew) return Verdict::kFailed;
  if (superseded.all_heard()) all_held_ = held.timestamp;
  version_ = *anew;
  above_ = held;
  ++restamps_;
  return Verdict::kSendAgain;
}

absl::Status WithoutStamp(const absl::Status& error) {
  const std::string reason = ReasonOf(error);
  if (reason == kStampOutOfRange) {
    return absl::UnavailableError("the servers refuse the time by which this write was stamped");
  }
  if (reason != kSuperseded) return error;
  absl::Status status = absl::AbortedError(
      "newer writes of the key kept winning over this one; it may be sent again");
  if (const auto receipt = ReceiptOf(error)) SetReceipt(*receipt, &status);
  return status;
}

v1::Receipt ReceiptOfLost(const absl::Status& error) {
  v1::Receipt receipt = ReceiptOf(error).value_or(v1::Receipt());
  if (!receipt.has_version()) {
    if (const auto superseded = SupersededOf(error)) {
      *receipt.mutable_version() = superseded->held();
    }
  }
  return receipt;
}

}  // namespace kache
