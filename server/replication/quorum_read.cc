#include "server/replication/quorum_read.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "server/replication/lag.h"
#include "server/replication/read_result.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// The parts of ReadWithMarker's answer.
constexpr size_t kRecord = 0;
constexpr size_t kEnds = 1;
constexpr size_t kWhole = 2;
constexpr size_t kParts = 3;

}  // namespace

QuorumRead::QuorumRead(Shard& shard, std::string_view key, uint64_t token,
                       const ReadOptions& options, MonotonicTime deadline, ReadCallback done)
    : Operation(shard),
      key_(key),
      token_(token),
      options_(options),
      deadline_(deadline),
      done_(std::move(done)),
      newest_(shard.budget()) {}

void QuorumRead::Run() {
  Begins();
  started_ = shard().clock().Monotonic();
  redis_key_ = shard().RedisKey(key_);
  repair_latest_ms_ = absl::ToUnixMillis(shard().clock().Now() + shard().options().max_write_age);
  required_ = RequiredReplicas(options_.consistency, shard().homes());
  shard().Watch(this);
  ++outstanding_;  // Held until all are asked.
  if (shard().Left(deadline_) > absl::ZeroDuration()) {
    for (const NodeId node : shard().ring().Preference(token_, shard().homes())) {
      if (shard().View(node).state == NodeState::kUp) Ask(node, /*counts=*/true);
    }
  }
  degraded_ = replicas_.size() < shard().homes();
  --outstanding_;
  Decide();
  EndIfDone();
}

void QuorumRead::Ask(NodeId node, bool counts) {
  const size_t index = replicas_.size();
  replicas_.push_back({node, Phase::kAsked, counts, {}});
  ++outstanding_;
  shard().client(node).Send(
      redis::Command::Call(ReadWithMarker(), {redis_key_, shard().keys().Marker()},
                           {shard().WholeMarker(node)}),
      done_ ? shard().Left(deadline_) : shard().options().write_timeout,
      [this, index](absl::StatusOr<redis::Reply> reply) { OnReply(index, std::move(reply)); });
}

void QuorumRead::AskSyncing() {
  asked_syncing_ = true;
  for (const NodeId node : shard().ring().Preference(token_, shard().homes())) {
    const bool asked = std::any_of(replicas_.begin(), replicas_.end(),
                                   [&](const Replica& replica) { return replica.node == node; });
    if (asked || shard().View(node).state != NodeState::kSyncing) continue;
    degraded_ = true;
    Ask(node, /*counts=*/false);
  }
}

void QuorumRead::OnReply(size_t index, absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  if (reply.ok()) {
    Note(index, *std::move(reply));
  } else {
    shard().metrics().read_failures.For(reply.status()).Increment();
    replicas_[index].phase = Phase::kFailed;
    last_error_ = reply.status();
    if (absl::IsFailedPrecondition(reply.status())) beyond_limits_ = reply.status();
    // One that was lost can't be reached; one that is late could hold what is asked for.
    unheard_ |= !absl::IsUnavailable(reply.status());
  }
  Decide();
  EndIfDone();
}

void QuorumRead::Note(size_t index, redis::Reply reply) {
  Replica& replica = replicas_[index];
  if (reply.elements.size() != kParts) {
    shard().metrics().read_failures.error_reply.Increment();
    replica.phase = Phase::kFailed;
    last_error_ = absl::UnavailableError("Redis answered a read with an error: " + reply.text);
    unheard_ = true;
    return;
  }
  replica.phase = Phase::kAnswered;
  if (replica.counts && reply.elements[kWhole].integer != 1) {
    // Fenced by another coordinator, flushed, or exchanged: the monitor is to look at it again.
    shard().metrics().reads_not_whole.Increment();
    shard().ReportNotWhole(replica.node);
    replica.counts = false;
    degraded_ = true;
  }
  const Finding finding = Inspect(reply.elements[kRecord], shard());
  if (finding.kind == Finding::Kind::kNothing) return;
  const Version version = finding.record.version;
  replica.version = version;
  const bool wanted_again = read_again_ && version == newest_version_;
  if (newest_node_ && version <= newest_version_ && !wanted_again) return;
  if (!newest_.Keep(std::move(reply.elements[kRecord].text))) {
    if (done_) Finish(NoRoomForRecord());
    return;
  }
  newest_version_ = version;
  newest_node_ = replica.node;
  if (!absl::SimpleAtoi(reply.elements[kEnds].text, &newest_ends_ms_)) newest_ends_ms_ = 0;
  newest_ends_ms_ = AtNodeMs(newest_ends_ms_, -shard().ClockOffset(replica.node));
}

size_t QuorumRead::Count(Phase phase) const {
  return static_cast<size_t>(std::count_if(
      replicas_.begin(), replicas_.end(),
      [&](const Replica& replica) { return replica.counts && replica.phase == phase; }));
}

size_t QuorumRead::Holders() const {
  return static_cast<size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [&](const Replica& replica) {
        return replica.counts && replica.phase == Phase::kAnswered &&
               replica.version >= newest_version_;
      }));
}

void QuorumRead::Decide() {
  const size_t answered = Count(Phase::kAnswered);
  const size_t holders = Holders();
  const size_t waiting = Count(Phase::kAsked) + Count(Phase::kRepairing);
  if (done_) {
    if (answered + waiting < required_) return AnswerFailure();
    if (answered + Count(Phase::kRepairing) < required_) return;  // Too few have spoken.
    diverged_ |= holders < answered;
    if (ShouldWaitForOthers()) return;
  }
  DecideOn(holders);
}

// Asked again whenever anything has changed.
void QuorumRead::DecideOn(size_t holders) {
  if (done_ && newest_version_ < options_.min_version) {
    if (!asked_syncing_) AskSyncing();
    if (outstanding_ > 0) return;
    if (newest_node_ || unheard_) {
      return Finish(WithReceipt(
          absl::AbortedError("no reachable home replica is as new as min_version"), ReceiptNow()));
    }
  }
  bool all_sent = true;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    const Replica& replica = replicas_[i];
    if (replica.counts && replica.phase == Phase::kAnswered && replica.version < newest_version_) {
      all_sent &= Repair(i);
    }
  }
  if (!all_sent) return Decide();
  if (!done_ || holders < required_) return;
  ReadResult result;
  if (newest_.kept()) {
    const DecodedRecord decoded = DecodeRecord(newest_.record());
    if (decoded.kind == RecordKind::kNewerFormat) return Finish(NewerFormatError());
    result = Answer(decoded.record, newest_.Give(), shard());
  }
  const Version version = result.receipt.version;
  const int64_t expires_at_ms = result.receipt.expires_at_ms;
  result.receipt = ReceiptNow();
  result.receipt.version = version;
  result.receipt.expires_at_ms = expires_at_ms;
  if (result.receipt.degraded) shard().metrics().reads_degraded.Increment();
  Finish(std::move(result));
}

// Replicas that differ get company: the third may know better than both.
bool QuorumRead::ShouldWaitForOthers() const {
  const bool older = newest_version_ < options_.min_version;
  if (!diverged_ && !older) return false;
  const bool late =
      absl::FromChrono(shard().clock().Monotonic() - started_) >= shard().options().try_timeout;
  return Count(Phase::kAsked) > 0 && !late;
}

bool QuorumRead::Repair(size_t index) {
  if (!newest_.kept()) return ReadAgain(), true;
  Replica& replica = replicas_[index];
  const size_t bytes = newest_.record().size();
  ByteBudget* const budget = bytes >= kCountedBytes ? shard().budget() : nullptr;
  ByteBudget::Hold hold;
  if (budget != nullptr) {
    if (!budget->Admit(static_cast<int64_t>(bytes), static_cast<int64_t>(bytes + kRequestBytes))) {
      replica.phase = Phase::kFailed;
      last_error_ = NoRoomForRecord();
      shard().metrics().repairs_failed.Increment();
      return false;
    }
    hold = budget->HoldUntilGone(static_cast<int64_t>(bytes));
    if (done_) {
      shard().AddUnanswered(bytes + kCommandBytes);
      unanswered_bytes_ += bytes + kCommandBytes;
    }
  }
  replica.phase = Phase::kRepairing;
  degraded_ |= static_cast<bool>(done_);
  shard().metrics().reads_repaired.Increment();
  ++outstanding_;
  const absl::Duration timeout = std::max(shard().Left(deadline_), shard().options().write_timeout);
  shard()
      .client(replica.node)
      .Send(
          CopyRecord(redis_key_, newest_.record(), newest_ends_ms_, shard().options().tombstone_ttl,
                     {shard().ClockOffset(replica.node), repair_latest_ms_})
              .Keeping(std::move(hold)),
          timeout, [this, index](absl::StatusOr<redis::Reply> reply) {
            OnRepaired(index, std::move(reply));
          });
  return true;
}

void QuorumRead::ReadAgain() {
  if (std::exchange(read_again_, true)) return;
  if (shard().View(*newest_node_).state == NodeState::kUp) Ask(*newest_node_, /*counts=*/false);
}

void QuorumRead::OnRepaired(size_t index, absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  Replica& replica = replicas_[index];
  const bool too_late = reply.ok() && reply->IsInteger(kTooLateReply);
  if (!reply.ok() || reply->IsError() || too_late) {
    replica.phase = Phase::kFailed;
    if (too_late) {
      last_error_ = absl::DeadlineExceededError("a repair came too late to be stored");
    } else {
      last_error_ = reply.ok() ? absl::UnavailableError("Redis refused a repair: " + reply->text)
                               : reply.status();
    }
    shard().metrics().repairs_failed.Increment();
  } else {
    replica.phase = Phase::kAnswered;
    replica.version = DecodeVersion(reply->text).value_or(newest_version_);
  }
  Decide();
  EndIfDone();
}

void QuorumRead::TimePassed(MonotonicTime now) {
  if (now >= deadline_) return AnswerFailure(), EndIfDone();
  if (!diverged_ && newest_version_ >= options_.min_version) return;
  Decide();
  EndIfDone();
}

Receipt QuorumRead::ReceiptNow() const {
  Receipt receipt;
  receipt.version = newest_version_;
  receipt.acknowledged = static_cast<uint32_t>(Holders());
  receipt.required = required_;
  receipt.degraded = degraded_;
  receipt.node = newest_node_;
  if (!receipt.node) {  // a miss
    const auto answered =
        std::find_if(replicas_.begin(), replicas_.end(),
                     [](const Replica& replica) { return replica.phase == Phase::kAnswered; });
    if (answered != replicas_.end()) receipt.node = answered->node;
  }
  return receipt;
}

void QuorumRead::AnswerFailure() {
  if (!done_) return;
  if (!beyond_limits_.ok()) return Finish(WithReceipt(beyond_limits_, ReceiptNow()));
  // A reply's timeout may run out a little before the deadline that it was taken from.
  if (shard().Left(deadline_) == absl::ZeroDuration() || absl::IsDeadlineExceeded(last_error_)) {
    return Finish(WithReceipt(
        absl::DeadlineExceededError("the deadline passed before enough replicas answered"),
        ReceiptNow()));
  }
  if (absl::IsResourceExhausted(last_error_)) {
    return Finish(WithReceipt(last_error_, ReceiptNow()));
  }
  if (diverged_) {
    return Finish(WithReceipt(
        absl::AbortedError("fewer home replicas than the level needs could be made equal"),
        ReceiptNow()));
  }
  Finish(WithReceipt(
      absl::UnavailableError("fewer home replicas are up than the consistency level needs"),
      ReceiptNow()));
}

void QuorumRead::Finish(absl::StatusOr<ReadResult> result) {
  shard().Unwatch(this);
  shard().RemoveUnanswered(std::exchange(unanswered_bytes_, 0));
  ReadCallback done = std::exchange(done_, nullptr);
  done(std::move(result));
}

void QuorumRead::EndIfDone() {
  if (done_) return;
  newest_.DropCounted();
  if (outstanding_ == 0) delete this;
}

}  // namespace kache
