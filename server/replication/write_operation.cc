#include "server/replication/write_operation.h"

#include <algorithm>
#include <utility>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// A write that loses against ever newer versions gives up at last.
constexpr uint32_t kMaxRestamps = 5;

}  // namespace

WriteOperation::WriteOperation(Shard& shard, const Write& write, uint64_t token,
                               MonotonicTime deadline, WriteCallback done)
    : Operation(shard),
      token_(token),
      deadline_(deadline),
      done_(std::move(done)),
      redis_key_(shard.RedisKey(write.key)),
      ttl_(write.ttl) {
  fields_.tombstone = write.tombstone;
  fields_.value = write.value;
}

void WriteOperation::Run() {
  started_ = shard().clock().Monotonic();
  if (shard().Left(deadline_) == absl::ZeroDuration()) {
    Answer(absl::DeadlineExceededError("the deadline passed before the write was begun"));
    return EndIfDone();
  }
  const absl::Time now = shard().clock().Now();
  Stamp(shard().versions().Next(token_, now), now);

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
  shard().Watch(this);
  SendAll();
  AnswerIfDecided();
  EndIfDone();
}

void WriteOperation::Stamp(const Version& version, absl::Time now) {
  const ReplicationOptions& options = shard().options();
  fields_.version = version;
  if (fields_.tombstone) {
    fields_.expires_at_ms = absl::ToUnixMillis(now + options.tombstone_ttl);
  } else if (ttl_ > absl::ZeroDuration() && fields_.expires_at_ms == 0) {
    fields_.expires_at_ms = absl::ToUnixMillis(now + ttl_);  // Fixed once, for every copy.
  }
  record_ = EncodeRecord(fields_);
  ends_ms_ = fields_.expires_at_ms;
  home_command_ = CommandFor(/*home=*/true);
}

redis::Command WriteOperation::CommandFor(bool home) {
  const ReplicationOptions& options = shard().options();
  int64_t ends_ms = ends_ms_;
  if (!home) {
    const int64_t limit = absl::ToUnixMillis(shard().clock().Now() + options.standin_ttl);
    ends_ms = ends_ms == 0 ? limit : std::min(ends_ms, limit);
  }
  // A tombstone needs no grace: its life is already the longest that a delete is kept.
  const int64_t grace_ms = fields_.tombstone ? 0 : absl::ToInt64Milliseconds(options.tombstone_ttl);
  return redis::Command::Call(SetIfNewer(), {redis_key_},
                              {record_, std::to_string(ends_ms), std::to_string(grace_ms)});
}

void WriteOperation::SendAll() {
  for (size_t i = 0; i < targets_.size(); ++i) Send(i);
}

void WriteOperation::Send(size_t target) {
  Target& to = targets_[target];
  to.outcome = Outcome::kWaiting;
  if (!to.home) shard().metrics().writes_to_stand_in.Increment();
  ++outstanding_;
  // The operation outlives its answer, to see every replica through.
  const absl::Duration timeout = std::max(shard().Left(deadline_), shard().options().write_timeout);
  shard().client(to.node).Send(
      to.home ? *home_command_ : CommandFor(/*home=*/false), timeout,
      [this, index = static_cast<uint32_t>(target), attempt = attempt_](
          absl::StatusOr<redis::Reply> reply) { OnReply(index, attempt, std::move(reply)); });
}

void WriteOperation::OnReply(uint32_t target, uint32_t attempt,
                             absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  if (attempt != attempt_) return EndIfDone();  // Of a version that was given up.
  Target& from = targets_[target];
  if (!reply.ok()) {
    shard().metrics().write_failures.For(reply.status()).Increment();
    last_error_ = reply.status();
    // A late replica may have taken the write; the others are gone for now.
    if (absl::IsDeadlineExceeded(reply.status())) {
      from.outcome = Outcome::kFailed;
    } else {
      Fail(from);
    }
  } else if (reply->IsError()) {
    OnErrorReply(from, reply->text);
  } else if (const auto held = DecodeVersion(reply->text)) {
    OnRefusedAsOlder(from, *held);
  } else {
    from.outcome = Outcome::kAcknowledged;
    shard().ReportWriteAccepted(from.node);
  }
  AnswerIfDecided();
  EndIfDone();
}

void WriteOperation::OnErrorReply(Target& target, const std::string& text) {
  shard().metrics().write_failures.error_reply.Increment();
  const redis::ErrorKind kind = redis::ClassifyError(text);
  last_error_ =
      absl::UnavailableError("Redis refused the write: " + std::string(redis::ErrorKindName(kind)));
  if (redis::IsWriteRefused(kind)) shard().ReportWriteRefused(target.node, kind);
  Fail(target);
}

void WriteOperation::OnRefusedAsOlder(Target& target, const Version& held) {
  if (Answered() || shard().versions().Gave(held, token_)) {
    shard().metrics().writes_superseded.Increment();
    target.outcome = Outcome::kAcknowledged;
    return;
  }
  if (attempt_ == kMaxRestamps || held.timestamp == UINT64_MAX) {
    last_error_ = absl::AbortedError(
        "newer writes of other coordinators kept winning over this one: check their clocks");
    target.outcome = Outcome::kFailed;
    return;
  }
  ++attempt_;
  shard().ObserveVersion(held);
  shard().metrics().writes_restamped.Increment();
  const absl::Time now = shard().clock().Now();
  Stamp(shard().versions().NextAbove(held, token_, now), now);
  SendAll();
}

void WriteOperation::Fail(Target& target) {
  target.outcome = Outcome::kFailed;
  degraded_ = true;
  if (target.replaced) return;  // When the record was sent before it was stamped anew.
  const auto index = &target - targets_.data();
  if (SendToStandIn()) targets_[index].replaced = true;  // `target` may have moved.
}

bool WriteOperation::SendToStandIn() {
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
  if (Acknowledged() == 0) {
    if (now >= deadline_) {
      Answer(absl::DeadlineExceededError(
          "no replica acknowledged the write in time; it may have been applied"));
      return EndIfDone();
    }
    // Everybody is late: one more node for each try's time.
    if (lateness > stand_ins_tried_) SendToStandIn();
  }
  AnswerIfDecided();
  EndIfDone();
}

void WriteOperation::AnswerIfDecided() {
  if (Answered()) return;
  if (Acknowledged() == 0) {
    const bool waiting = std::any_of(targets_.begin(), targets_.end(), [](const Target& target) {
      return target.outcome == Outcome::kWaiting;
    });
    if (!waiting && !SendToStandIn()) AnswerFailure();
    return;
  }
  const bool primary_may_answer = primary_ && targets_[*primary_].outcome == Outcome::kWaiting &&
                                  !late_ && shard().Left(deadline_) > absl::ZeroDuration();
  if (primary_may_answer) return;
  Receipt receipt;
  receipt.version = fields_.version;
  receipt.acknowledged = Acknowledged();
  receipt.expires_at_ms = fields_.tombstone ? 0 : fields_.expires_at_ms;
  receipt.degraded =
      degraded_ || !primary_ || targets_[*primary_].outcome != Outcome::kAcknowledged;
  if (receipt.degraded) shard().metrics().writes_degraded.Increment();
  Answer(receipt);
}

void WriteOperation::AnswerFailure() {
  if (targets_.empty()) {
    return Answer(absl::UnavailableError("no Redis server of the key can take writes"));
  }
  Answer(last_error_);
}

void WriteOperation::Answer(absl::StatusOr<Receipt> receipt) {
  shard().Unwatch(this);
  fields_.value = {};  // The caller's bytes go with the answer.
  std::exchange(done_, nullptr)(std::move(receipt));
}

void WriteOperation::EndIfDone() {
  if (Answered() && outstanding_ == 0) delete this;
}

uint32_t WriteOperation::Acknowledged() const {
  return static_cast<uint32_t>(
      std::count_if(targets_.begin(), targets_.end(),
                    [](const Target& target) { return target.outcome == Outcome::kAcknowledged; }));
}

}  // namespace kache
