#include "server/replication/write_operation.h"

#include <algorithm>
#include <utility>

#include "server/replication/held_check.h"
#include "server/replication/lag.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// A write that loses against ever newer versions gives up at last.
constexpr uint32_t kMaxRestamps = 5;

// The first whole millisecond at `time` or after it: no value goes before its life is over.
int64_t UnixMillisFrom(absl::Time time) {
  return absl::ToUnixMillis(time + absl::Milliseconds(1) - absl::Nanoseconds(1));
}

}  // namespace

WriteOperation::WriteOperation(Shard& shard, const Write& write, uint64_t token,
                               const OperationTiming& timing, WriteCallback done)
    : Operation(shard),
      token_(token),
      deadline_(timing.deadline),
      cancelled_(timing.cancelled),
      stamp_(write.stamp),
      consistency_(write.consistency),
      required_(RequiredReplicas(write.consistency, shard.homes())),
      done_(std::move(done)),
      redis_key_(shard.RedisKey(write.key)),
      ttl_(write.ttl),
      hold_(write.hold),
      unanswered_bytes_(hold_ ? write.key.size() + write.value.size() + kCommandBytes : 0) {
  fields_.tombstone = write.tombstone;
  fields_.value = write.value;
}

WriteOperation::~WriteOperation() {
  if (write_epoch_) shard().WriteEnded(*write_epoch_);
}

void WriteOperation::Run() {
  Begins();
  write_epoch_ = shard().WriteStarted();
  shard().AddUnanswered(unanswered_bytes_);
  started_ = shard().clock().Monotonic();
  if (shard().Left(deadline_) == absl::ZeroDuration()) {
    Answer(absl::DeadlineExceededError("the deadline passed before the write was begun"));
    return EndIfDone();
  }
  if (!CallerWaits()) {
    Answer(absl::CancelledError("the caller was gone before the write was begun"));
    return EndIfDone();
  }
  const absl::Time now = shard().clock().Now();
  if (stamp_.IsSet() && RefusesStamp(now)) return EndIfDone();
  Begin(now);
}

void WriteOperation::Begin(absl::Time now) {
  const PreferenceList homes = shard().ring().Preference(token_, shard().homes());
  PreferenceList walk;
  const auto whole_walk = [&]() -> const PreferenceList& {
    walk = shard().ring().Preference(token_, shard().ring().nodes());
    return walk;
  };
  const WritePlan plan =
      PlanWrite(homes, whole_walk, [this](NodeId node) { return shard().View(node); });
  for (const WriteTarget& target : plan.targets) targets_.push_back({target.node, target.home});
  primary_ = plan.primary;
  degraded_ = plan.degraded;
  if (!EnoughMayTakeIt()) {
    Answer(absl::UnavailableError(
        "fewer home replicas take writes than the consistency level needs; nothing was written"));
    return EndIfDone();
  }
  if (!targets_.empty()) {
    StampFirst(now);
    // Ahead of the copies on the same connections.
    if (degraded_) NoteSkipped(homes);
  }
  shard().Watch(this);
  SendAll();
  AnswerIfDecided();
  EndIfDone();
}

// Not before some node takes it: until nodes have told their time, `now` may be a wrong clock's,
// and the versions that follow would be as wrong.
void WriteOperation::StampFirst(absl::Time now) {
  if (stamp_.IsSet()) {
    made_at_ = absl::FromUnixMillis(stamp_.MadeAtMs());
    shard().versions().Observe({stamp_.timestamp, stamp_.clock}, now);
    StampWith({stamp_.timestamp, stamp_.clock}, now);
  } else {
    made_at_ = now;
    StampWith(shard().versions().Next(token_, now), now);
  }
}

bool WriteOperation::CallerWaits() const {
  return cancelled_ == nullptr || !cancelled_->load(std::memory_order_relaxed);
}

bool WriteOperation::RefusesStamp(absl::Time now) {
  const ReplicationOptions& options = shard().options();
  switch (JudgeStamp(stamp_, now, options.max_write_age, options.max_clock_skew)) {
    case StampVerdict::kFits:
      return false;
    case StampVerdict::kAskFirst:
      AskForHeld();
      return true;
    case StampVerdict::kTooOld:
    case StampVerdict::kTooFarAhead:
      break;
  }
  AnswerOutOfRange();
  return true;
}

// One record from a wrong clock must not make its key unwritable: a stamp that is just above it is
// taken, once a replica was seen to hold it.
void WriteOperation::AskForHeld() {
  const PreferenceList homes = shard().ring().Preference(token_, shard().homes());
  outstanding_ += 2;  // The answer may come before the call returns.
  StartHeldCheck(shard(), redis_key_, homes, stamp_.above, shard().Left(deadline_), caller(),
                 [this](bool held) {
                   --outstanding_;
                   if (held) return Begin(shard().clock().Now());
                   AnswerOutOfRange();
                   EndIfDone();
                 });
  --outstanding_;
}

void WriteOperation::StampWith(const Version& version, absl::Time now) {
  const ReplicationOptions& options = shard().options();
  fields_.version = version;
  // Fixed once, for every copy.
  if (fields_.tombstone) {
    fields_.expires_at_ms = absl::ToUnixMillis(made_at_ + options.tombstone_ttl);
  } else if (ttl_ > absl::ZeroDuration()) {
    fields_.expires_at_ms = UnixMillisFrom(made_at_ + ttl_);
  }
  record_ = EncodeStamped(&fields_);
  // A stamp may be far ahead; its write is no younger for that.
  const absl::Time stamped = std::min(absl::FromUnixMillis(MillisOf(version.timestamp)), now);
  latest_ms_ = absl::ToUnixMillis(stamped + options.max_write_age);
  home_command_.reset();
}

ByteBudget::Hold WriteOperation::HoldForCommand() {
  if (!hold_ || commands_++ == 0 || shard().budget() == nullptr) return hold_;
  const auto bytes = static_cast<int64_t>(record_.size());
  shard().budget()->Count(bytes);
  return shard().budget()->HoldUntilGone(bytes);
}

void WriteOperation::SendAll() {
  for (size_t i = 0; i < targets_.size(); ++i) Send(i);
}

void WriteOperation::Send(size_t target) {
  Target& to = targets_[target];
  to.outcome = Outcome::kWaiting;
  if (!to.home) shard().metrics().writes_to_stand_in.Increment();
  if (!missed_by_.empty()) {
    shard().metrics().writes_hinted.Increment();
    for (const NodeId node : missed_by_) shard().EnsureNoted(node, to.node);
  }
  ++outstanding_;
  // The operation outlives its answer, to see every replica through.
  const absl::Duration timeout = CopyTimeout();
  const bool missed = std::find(missed_by_.begin(), missed_by_.end(), to.node) != missed_by_.end();
  const bool shared = to.home && !missed && shard().ClockOffset(to.node) == absl::ZeroDuration() &&
                      !MayShortenUnknown(to.node);
  if (shared && !home_command_) home_command_ = CommandFor(to.node, /*home=*/true);
  redis::Command command = shared ? *home_command_ : CommandFor(to.node, to.home);
  shard().client(to.node).Send(
      std::move(command).For(caller()), timeout,
      [this, index = static_cast<uint32_t>(target), attempt = attempt_](
          absl::StatusOr<redis::Reply> reply) { OnReply(index, attempt, std::move(reply)); });
}

void WriteOperation::OnReply(uint32_t target, uint32_t attempt,
                             absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  Target& from = targets_[target];
  std::optional<Version> held;
  if (reply.ok() && !reply->IsError()) {
    held = DecodeVersion(reply->text);
    from.heard = true;
    newest_held_ = std::max(newest_held_, held.value_or(Version()));
  }
  if (attempt != attempt_) return EndIfDone();  // Of a version that was given up.
  if (!reply.ok()) {
    shard().metrics().write_failures.For(reply.status()).Increment();
    // A late replica may have taken the write; the others are gone for now.
    if (NoteError(reply.status())) {
      from.outcome = Outcome::kBeyondLimits;
    } else if (absl::IsDeadlineExceeded(reply.status())) {
      from.outcome = Outcome::kFailed;
    } else {
      Fail(from);
    }
  } else if (reply->IsError()) {
    OnErrorReply(from, reply->text);
  } else if (held) {
    OnRefusedAsOlder(from, *held);
  } else if (reply->IsInteger(kLifeOverReply)) {
    // A stand-in keeps what ends with its life: no copy of it may live there any more.
    from.outcome = from.home ? Outcome::kEnded : Outcome::kTooLate;
  } else if (reply->IsInteger(kTooLateReply)) {
    shard().metrics().writes_too_late.Increment();
    from.outcome = Outcome::kTooLate;
  } else {
    from.outcome = Outcome::kAcknowledged;
    shard().ReportWriteAccepted(from.node);
    if (reply->type == redis::Reply::Type::kArray) NoteHintsRefused(from.node);
  }
  NoteFailed();
  AnswerIfDecided();
  EndIfDone();
}

void WriteOperation::OnErrorReply(Target& target, const std::string& text) {
  shard().metrics().write_failures.error_reply.Increment();
  const redis::ErrorKind kind = redis::ClassifyError(text);
  last_error_ =
      absl::UnavailableError("Redis refused the write: " + std::string(redis::ErrorKindName(kind)));
  if (redis::IsWriteRefused(kind)) shard().ReportWriteRefused(target.node, text);
  Fail(target);
}

void WriteOperation::OnRefusedAsOlder(Target& target, const Version& held) {
  // A stamp of another clock may be older than a version of ours that was given before it.
  const bool ours_overtook = !stamp_.IsSet() && shard().versions().Gave(held, token_);
  if (Answered() || above_all_ || ours_overtook) {
    shard().metrics().writes_superseded.Increment();
    target.outcome = Outcome::kAcknowledged;
    return;
  }
  if (stamp_.IsSet()) {
    shard().metrics().writes_superseded.Increment();
    shard().ObserveVersion(held);
    target.outcome = Outcome::kHoldsNewer;
    return;
  }
  const bool in_vain = !CallerWaits() || shard().Left(deadline_) == absl::ZeroDuration();
  if (attempt_ == kMaxRestamps || newest_held_.timestamp == UINT64_MAX || in_vain) {
    last_error_ = absl::AbortedError(
        "newer writes of other coordinators kept winning over this one: check their clocks");
    target.outcome = Outcome::kBeaten;
    return;
  }
  shard().metrics().writes_restamped.Increment();
  StampAboveHeld();
  SendAll();
}

void WriteOperation::StampAboveHeld() {
  ++attempt_;
  above_all_ = AllHeard();
  shard().ObserveVersion(newest_held_);
  const absl::Time now = shard().clock().Now();
  StampWith(shard().versions().NextAbove(newest_held_, token_, now), now);
}

// Then what was acknowledged before this write began was heard of, as far as it can be reached:
// each majority of the home replicas has one in common with those that were heard, and a home
// replica that takes no writes is not read before it is whole again.
bool WriteOperation::AllHeard() const {
  const size_t homes = shard().homes();
  const size_t enough = homes - RequiredReplicas(Consistency::kQuorum, homes) + 1;
  const auto heard = std::count_if(targets_.begin(), targets_.end(), [](const Target& target) {
    return target.home && target.heard;
  });
  return static_cast<size_t>(heard) >= enough &&
         std::all_of(targets_.begin(), targets_.end(),
                     [](const Target& target) { return target.heard || target.gone; });
}

void WriteOperation::Fail(Target& target) {
  target.outcome = Outcome::kFailed;
  target.gone = true;
  degraded_ = true;
  if (target.replaced) return;  // When the record was sent before it was stamped anew.
  const auto index = &target - targets_.data();
  if (SendToStandIn()) targets_[index].replaced = true;  // `target` may have moved.
}

bool WriteOperation::SendToStandIn() {
  if (All(Outcome::kBeyondLimits) > 0) return false;
  const uint32_t limit = shard().options().max_tries;
  if (limit != 0 && stand_ins_tried_ + 1 >= limit) return false;
  const PreferenceList walk = shard().ring().Preference(token_, shard().ring().nodes());
  for (size_t i = shard().homes(); i < walk.size(); ++i) {
    const bool used = std::any_of(targets_.begin(), targets_.end(),
                                  [&](const Target& target) { return target.node == walk[i]; });
    const NodeView view = shard().View(walk[i]);
    if (used || view.state != NodeState::kUp || !view.takes_writes) continue;
    ++stand_ins_tried_;
    degraded_ = true;
    targets_.push_back({walk[i], /*home=*/false});
    Send(targets_.size() - 1);
    return true;
  }
  return false;
}

void WriteOperation::TimePassed(MonotonicTime now) {
  const uint32_t lateness =
      static_cast<uint32_t>(absl::FromChrono(now - started_) / shard().options().try_timeout);
  if (lateness > 0 && !late_) {
    late_ = true;
    shard().metrics().writes_late.Increment();
  }
  AnswerIfSuperseded();
  if (Answered()) return EndIfDone();
  if (now >= deadline_ && (Acknowledged() == 0 || consistency_ != Consistency::kOne)) {
    Answer(WithReceipt(
        absl::DeadlineExceededError(
            "too few replicas acknowledged the write in time; it may have been applied"),
        ReceiptNow()));
    return EndIfDone();
  }
  if (Acknowledged() == 0 && All(Outcome::kHoldsNewer) == 0) {
    // Everybody is late: one more node for each try's time.
    if (lateness > stand_ins_tried_) SendToStandIn();
  }
  AnswerIfDecided();
  EndIfDone();
}

bool WriteOperation::EnoughMayTakeIt() const {
  return consistency_ == Consistency::kOne || Homes(Outcome::kWaiting) >= required_;
}

void WriteOperation::EndIfDone() {
  if (Answered() && outstanding_ == 0) delete this;
}

}  // namespace kache
