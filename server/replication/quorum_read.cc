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

// The parts of what both scripts answer.
constexpr size_t kRecord = 0;
constexpr size_t kEnds = 1;
constexpr size_t kMemory = 2;
constexpr size_t kParts = 3;

// For how many tries' time a marker is waited for.
constexpr int kTriesForMarkers = 4;

}  // namespace

QuorumRead::QuorumRead(Shard& shard, std::string_view key, uint64_t token,
                       const ReadOptions& options, MonotonicTime deadline, ReadCallback done)
    : ReplicaRead(shard, options.min_version, deadline, std::move(done)),
      key_(key),
      token_(token),
      consistency_(options.consistency),
      newest_(shard.budget()) {}

void QuorumRead::Run() {
  Begins();
  started_ = asked_at_ = shard().clock().Monotonic();
  redis_key_ = shard().RedisKey(key_);
  repair_latest_ms_ = absl::ToUnixMillis(shard().clock().Now() + shard().options().max_write_age);
  required_ = RequiredReplicas(consistency_, shard().homes());
  shard().Watch(this);
  AskTogether([&] {
    if (Left() == absl::ZeroDuration()) return;
    for (const NodeId node : shard().ring().Preference(token_, shard().homes())) {
      if (CountsForQuorum(shard().View(node), shard().homes())) AskReplica(node, /*counts=*/true);
    }
  });
  degraded_ |= replicas_.size() < shard().homes();
  for (const Replica& replica : replicas_) degraded_ |= replica.by_memory;
  Decide();
  EndIfDone();
}

void QuorumRead::AskReplica(NodeId node, bool counts) {
  const bool by_memory = shard().View(node).state != NodeState::kUp;
  replicas_.push_back({node, Phase::kAsked, counts, by_memory, /*unjudged=*/false, {}});
  Ask(replicas_.size() - 1, node, CommandFor(replicas_.back()),
      is_unanswered() ? Left() : shard().options().write_timeout);
}

redis::Command QuorumRead::CommandFor(const Replica& replica) const {
  const KeySpace& keys = shard().keys();
  const std::string& whole = shard().WholeMarker(replica.node);
  if (!replica.by_memory) {
    return redis::Command::Call(ReadWithMarker(), {redis_key_, keys.Marker()}, {whole});
  }
  const std::string longest =
      std::to_string(absl::ToInt64Milliseconds(shard().options().tombstone_ttl / 2));
  return redis::Command::Call(ReadWithMemory(), {redis_key_, keys.Marker(), keys.ResyncProgress()},
                              {whole, longest});
}

bool QuorumRead::AskMemory(Replica& replica) {
  if (replica.by_memory || !is_unanswered()) return false;
  if (shard().homes() == 1 || !Remembers(shard().View(replica.node))) return false;
  replica.by_memory = degraded_ = true;
  shard().metrics().reads_not_whole.Increment();
  shard().ReportNotWhole(replica.node);
  const auto index = static_cast<size_t>(&replica - replicas_.data());
  AskTogether([&] { Ask(index, replica.node, CommandFor(replica), Left()); });
  return true;
}

bool QuorumRead::AwaitsMarkers() const {
  const absl::Duration waited = absl::FromChrono(shard().clock().Monotonic() - started_);
  if (waited >= kTriesForMarkers * shard().options().try_timeout) return false;
  return std::any_of(replicas_.begin(), replicas_.end(), [&](const Replica& replica) {
    return replica.MayHaveNoMarker() && shard().View(replica.node).state == NodeState::kUp;
  });
}

void QuorumRead::AskAgain(MonotonicTime now) {
  asked_at_ = now;
  AskTogether([&] {
    for (size_t i = 0; i < replicas_.size(); ++i) {
      Replica& replica = replicas_[i];
      if (!replica.MayHaveNoMarker()) continue;
      replica.phase = Phase::kAsked;
      replica.counts = true;
      replica.by_memory = shard().homes() > 1;
      replica.unjudged = false;
      Ask(i, replica.node, CommandFor(replica), Left());
    }
  });
  Decide();
}

void QuorumRead::AskSyncing() {
  asked_syncing_ = true;
  for (const NodeId node : shard().ring().Preference(token_, shard().homes())) {
    const bool asked = std::any_of(replicas_.begin(), replicas_.end(),
                                   [&](const Replica& replica) { return replica.node == node; });
    if (asked || shard().View(node).state != NodeState::kSyncing) continue;
    degraded_ = true;
    AskReplica(node, /*counts=*/false);
  }
}

void QuorumRead::OnReply(size_t index, absl::StatusOr<redis::Reply> reply) {
  if (replicas_[index].phase == Phase::kRepairing) {
    OnRepaired(replicas_[index], std::move(reply));
  } else if (reply.ok() && reply->elements.size() == kParts) {
    Hear(replicas_[index], reply->elements);
  } else {
    replicas_[index].phase = Phase::kFailed;
    Note(reply.ok() ? Refused(*reply, shard()) : Inspect(reply, shard()));
  }
  Decide();
  EndIfDone();
}

void QuorumRead::Hear(Replica& replica, std::vector<redis::Reply>& parts) {
  const bool has_memory = parts[kMemory].integer == kIsWhole || parts[kMemory].integer == kIsBehind;
  // Fenced by another coordinator, flushed, or exchanged: the monitor is to look at it again.
  if (replica.counts && !has_memory && AskMemory(replica)) return;
  const Finding finding = Inspect(parts[kRecord], shard());
  Note(finding);
  replica.phase = finding.kind == Finding::Kind::kFailed ? Phase::kFailed : Phase::kAnswered;
  if (replica.counts && !has_memory) {
    if (!replica.by_memory) {
      shard().metrics().reads_not_whole.Increment();
      shard().ReportNotWhole(replica.node);
    }
    replica.counts = false;
    replica.unjudged = true;
    degraded_ = true;
  }
  if (!finding.HoldsRecord()) return;
  const bool is_stale = replica.unjudged ? shard().MayHaveBeenDeleted(finding.record)
                                         : shard().MayHaveBeenDeleted(replica.node, finding.record);
  if (!replica.counts && is_stale) return;
  const Version& version = replica.version = finding.record.version;
  const bool wanted_again = read_again_ && version == newest_.version();
  if (!newest_.IsOlderThan(version) && !wanted_again) return;
  if (!newest_.Keep(replica.node, version, std::move(parts[kRecord].text))) {
    if (is_unanswered()) Finish(NoRoomForRecord());
    return;
  }
  if (!absl::SimpleAtoi(parts[kEnds].text, &newest_ends_ms_)) newest_ends_ms_ = 0;
  newest_ends_ms_ = AtNodeMs(newest_ends_ms_, -shard().ClockOffset(replica.node));
}

size_t QuorumRead::Count(Phase phase) const {
  return static_cast<size_t>(std::count_if(
      replicas_.begin(), replicas_.end(),
      [&](const Replica& replica) { return replica.counts && replica.phase == phase; }));
}

size_t QuorumRead::Waiting() const {
  return static_cast<size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [](const Replica& replica) {
        return replica.counts && replica.OwesReply() && !replica.cut_off;
      }));
}

size_t QuorumRead::CutOff() const {
  return static_cast<size_t>(
      std::count_if(replicas_.begin(), replicas_.end(),
                    [](const Replica& replica) { return replica.OwesReply() && replica.cut_off; }));
}

bool QuorumRead::NoteCutOff() {
  bool changed = false;
  for (Replica& replica : replicas_) {
    const bool before = std::exchange(replica.cut_off, shard().IsCutOff(replica.node));
    changed |= replica.OwesReply() && replica.cut_off != before;
  }
  return changed;
}

size_t QuorumRead::Holders() const {
  return static_cast<size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [&](const Replica& replica) {
        return replica.counts && replica.phase == Phase::kAnswered &&
               replica.version >= newest_.version();
      }));
}

void QuorumRead::Decide() {
  const size_t answered = Count(Phase::kAnswered);
  const size_t holders = Holders();
  if (is_unanswered()) {
    awaits_markers_ = answered + Waiting() < required_ && AwaitsMarkers();
    if (awaits_markers_) return;
    if (answered + Waiting() < required_) return AnswerFailure();
    if (answered + Count(Phase::kRepairing) < required_) return;  // Too few have spoken.
    diverged_ |= holders < answered;
    if (ShouldWaitForOthers()) return;
  }
  DecideOn(holders);
}

// Asked again whenever anything has changed.
void QuorumRead::DecideOn(size_t holders) {
  if (is_unanswered() && newest_.version() < min_version()) {
    if (!asked_syncing_) AskSyncing();
    if (outstanding() > CutOff()) return;
    if (newest_.holder() || unheard() || CutOff() > 0) return Finish(OlderThanAsked(ReceiptNow()));
  }
  bool all_sent = true;
  for (size_t i = 0; i < replicas_.size(); ++i) {
    const Replica& replica = replicas_[i];
    if (replica.counts && replica.phase == Phase::kAnswered &&
        replica.version < newest_.version()) {
      all_sent &= Repair(i);
    }
  }
  if (!all_sent) return Decide();
  if (!is_unanswered() || holders < required_) return;
  absl::StatusOr<ReadResult> result = newest_.GiveAnswer(shard());
  if (!result.ok()) return Finish(std::move(result));
  Receipt receipt = ReceiptNow();
  receipt.version = result->receipt.version;
  receipt.expires_at_ms = result->receipt.expires_at_ms;
  result->receipt = receipt;
  if (receipt.degraded) shard().metrics().reads_degraded.Increment();
  Finish(std::move(result));
}

// Replicas that differ get company: the third may know better than both.
bool QuorumRead::ShouldWaitForOthers() const {
  const bool older = newest_.version() < min_version();
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
      set_last_error(NoRoomForRecord());
      shard().metrics().repairs_failed.Increment();
      return false;
    }
    hold = budget->HoldUntilGone(static_cast<int64_t>(bytes));
    if (is_unanswered()) {
      shard().AddUnanswered(bytes + kCommandBytes);
      unanswered_bytes_ += bytes + kCommandBytes;
    }
  }
  replica.phase = Phase::kRepairing;
  degraded_ |= is_unanswered();
  shard().metrics().reads_repaired.Increment();
  Ask(index, replica.node,
      CopyRecord(redis_key_, newest_.record(), newest_ends_ms_, shard().options().tombstone_ttl,
                 {shard().ClockOffset(replica.node), repair_latest_ms_})
          .Keeping(std::move(hold)),
      std::max(Left(), shard().options().write_timeout));
  return true;
}

void QuorumRead::ReadAgain() {
  if (std::exchange(read_again_, true)) return;
  const NodeId holder = *newest_.holder();
  if (Remembers(shard().View(holder))) AskReplica(holder, /*counts=*/false);
}

void QuorumRead::OnRepaired(Replica& replica, absl::StatusOr<redis::Reply> reply) {
  const bool too_late = reply.ok() && reply->IsInteger(kTooLateReply);
  if (!reply.ok() || reply->IsError() || too_late) {
    replica.phase = Phase::kFailed;
    if (too_late) {
      set_last_error(absl::DeadlineExceededError("a repair came too late to be stored"));
    } else {
      set_last_error(reply.ok() ? absl::UnavailableError("Redis refused a repair: " + reply->text)
                                : reply.status());
    }
    shard().metrics().repairs_failed.Increment();
  } else {
    replica.phase = Phase::kAnswered;
    replica.version = DecodeVersion(reply->text).value_or(newest_.version());
  }
}

void QuorumRead::TimePassed(MonotonicTime now) {
  if (now >= deadline()) return AnswerFailure(), EndIfDone();
  const bool waits_longer = !NoteCutOff() && !awaits_markers_;
  if (awaits_markers_ && AwaitsMarkers()) {
    if (absl::FromChrono(now - asked_at_) >= kAskAgain) AskAgain(now);
    return EndIfDone();
  }
  if (waits_longer && !diverged_ && newest_.version() >= min_version()) return;
  Decide();
  EndIfDone();
}

Receipt QuorumRead::ReceiptNow() const {
  Receipt receipt;
  receipt.version = newest_.version();
  receipt.acknowledged = static_cast<uint32_t>(Holders());
  receipt.required = required_;
  receipt.degraded = degraded_;
  receipt.node = newest_.holder();
  if (!receipt.node) {  // a miss
    const auto answered =
        std::find_if(replicas_.begin(), replicas_.end(),
                     [](const Replica& replica) { return replica.phase == Phase::kAnswered; });
    if (answered != replicas_.end()) receipt.node = answered->node;
  }
  return receipt;
}

void QuorumRead::AnswerFailure() {
  if (!is_unanswered()) return;
  if (!beyond_limits().ok()) return Finish(WithReceipt(beyond_limits(), ReceiptNow()));
  if (CutOff() > 0 && Left() > absl::ZeroDuration()) {
    shard().metrics().reads_cut_off.Increment();
    return Finish(WithReceipt(
        absl::UnavailableError("home replicas that the consistency level needs have sent this "
                               "coordinator nothing for some time: it may be cut off from them; "
                               "ask another one"),
        ReceiptNow()));
  }
  // A reply's timeout may run out a little before the deadline that it was taken from.
  if (Left() == absl::ZeroDuration() || absl::IsDeadlineExceeded(last_error())) {
    return Finish(WithReceipt(
        absl::DeadlineExceededError("the deadline passed before enough replicas answered"),
        ReceiptNow()));
  }
  if (absl::IsResourceExhausted(last_error())) {
    return Finish(WithReceipt(last_error(), ReceiptNow()));
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
  TakeCallback()(std::move(result));
}

void QuorumRead::EndIfDone() {
  if (is_unanswered()) return;
  newest_.DropCounted();
  if (outstanding() == 0) delete this;
}

}  // namespace kache
