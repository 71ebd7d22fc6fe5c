#include "server/replication/touch_operation.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "server/replication/lag.h"
#include "server/replication/missed_write.h"
#include "server/replication/repair.h"
#include "server/replication/stand_in.h"
#include "server/replication/touch_scripts.h"

namespace kache {
namespace {

// A touch that meets ever newer values gives up at last.
constexpr uint32_t kMaxRestamps = 5;
// Of a life, as docs/consistency.md has it.
constexpr std::chrono::milliseconds kTolerance{50};

// The first whole millisecond at `time` or after it, as for a write.
int64_t UnixMillisFrom(absl::Time time) {
  return absl::ToUnixMillis(time + absl::Milliseconds(1) - absl::Nanoseconds(1));
}

}  // namespace

TouchOperation::TouchOperation(Shard& shard, const Touch& touch, uint64_t token,
                               const OperationTiming& timing, TouchCallback done)
    : Operation(shard),
      key_(touch.key),
      token_(token),
      deadline_(timing.deadline),
      cancelled_(timing.cancelled),
      stamp_(touch.stamp),
      consistency_(touch.consistency),
      ttl_(touch.ttl),
      redis_key_(shard.RedisKey(touch.key)),
      hold_(touch.hold),
      unanswered_bytes_(hold_ ? touch.key.size() + kCommandBytes : 0),
      required_(RequiredReplicas(touch.consistency, shard.homes())),
      done_(std::move(done)) {}

TouchOperation::~TouchOperation() {
  if (write_epoch_) shard().WriteEnded(*write_epoch_);
}

void TouchOperation::Run() {
  Begins();
  write_epoch_ = shard().WriteStarted();
  shard().AddUnanswered(unanswered_bytes_);
  if (shard().Left(deadline_) == absl::ZeroDuration()) {
    Answer(absl::DeadlineExceededError("the deadline passed before the touch was begun"));
    return EndIfDone();
  }
  if (!CallerWaits()) {
    Answer(absl::CancelledError("the caller was gone before the touch was begun"));
    return EndIfDone();
  }
  const absl::Time now = shard().clock().Now();
  if (stamp_.IsSet() && RefusesStamp(now)) return EndIfDone();
  Begin(now);
}

bool TouchOperation::CallerWaits() const {
  return cancelled_ == nullptr || !cancelled_->load(std::memory_order_relaxed);
}

// A stamp far ahead of cluster time fits where it was put above a version that is there: the look
// finds that, or the stamp is refused.
bool TouchOperation::RefusesStamp(absl::Time now) {
  const ReplicationOptions& options = shard().options();
  switch (JudgeStamp(stamp_, now, options.max_write_age, options.max_clock_skew)) {
    case StampVerdict::kFits:
    case StampVerdict::kAskFirst:
      return false;
    case StampVerdict::kTooOld:
    case StampVerdict::kTooFarAhead:
      break;
  }
  AnswerOutOfRange();
  return true;
}

void TouchOperation::Begin(absl::Time now) {
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
  for (const NodeId home : homes) {
    const bool sent = std::any_of(targets_.begin(), targets_.end(),
                                  [&](const Target& target) { return target.node == home; });
    if (!sent) skipped_.push_back(home);
  }
  const size_t may_take_it = homes.size() - skipped_.size();
  if (targets_.empty() || (consistency_ != Consistency::kOne && may_take_it < required_)) {
    Answer(absl::UnavailableError(
        "fewer home replicas take writes than the consistency level needs; nothing was done"));
    return EndIfDone();
  }
  looks_at_all_ = std::none_of(targets_.begin(), targets_.end(), [this](const Target& target) {
    return target.home && IsUp(target);
  });
  StampFirst(now);
  shard().Watch(this);
  Look();
  EndIfDone();
}

void TouchOperation::StampFirst(absl::Time now) {
  if (stamp_.IsSet()) {
    made_at_ = absl::FromUnixMillis(stamp_.MadeAtMs());
    shard().versions().Observe({stamp_.timestamp, stamp_.clock}, now);
    StampWith({stamp_.timestamp, stamp_.clock}, now);
  } else {
    made_at_ = now;
    StampWith(shard().versions().Next(token_, now), now);
  }
}

void TouchOperation::StampWith(const Version& version, absl::Time now) {
  version_ = version;
  expires_at_ms_ = ttl_ > absl::ZeroDuration() ? UnixMillisFrom(made_at_ + ttl_) : 0;
  // A stamp may be far ahead; its touch is no younger for that.
  const absl::Time stamped = std::min(absl::FromUnixMillis(MillisOf(version.timestamp)), now);
  latest_ms_ = absl::ToUnixMillis(stamped + shard().options().max_write_age);
}

void TouchOperation::GoOnWith(const Record& record) {
  const bool is_own = record.touched && record.expires_at_ms == expires_at_ms_ &&
                      WrittenAtMs(record.version, true) == MillisOf(version_.timestamp);
  if (!is_own && StampToBeat(record) > version_) {
    // Hot keys would outbid each other for one and the same life.
    if (!IsAsGood(record)) return MeetNewer(record);
    shard().metrics().writes_superseded.Increment();
    return AnswerFound(record, HoldersOf(record.version));
  }
  const absl::Time now = shard().clock().Now();
  // Too far ahead, and above nothing that is there.
  if (stamp_.IsSet() && !is_own &&
      JudgeStamp(stamp_, now, shard().options().max_write_age, shard().options().max_clock_skew) ==
          StampVerdict::kAskFirst &&
      StampToBeat(record) < stamp_.above) {
    return AnswerOutOfRange();
  }
  seen_ = record;
  TouchAll();
}

// A later touch gave the life that this one asks for.
bool TouchOperation::IsAsGood(const Record& record) const {
  if (!record.touched) return false;
  if (record.expires_at_ms == 0 || expires_at_ms_ == 0) {
    return record.expires_at_ms == expires_at_ms_;
  }
  return std::abs(record.expires_at_ms - expires_at_ms_) <= kTolerance.count();
}

void TouchOperation::MeetNewer(const Record& record) {
  if (phase_ == Phase::kTouching && IsAsGood(record)) return LookAnew();
  const Version to_beat = StampToBeat(record);
  shard().ObserveVersion(to_beat);
  if (stamp_.IsSet()) return AnswerSuperseded(record);
  const bool in_vain = !CallerWaits() || shard().Left(deadline_) == absl::ZeroDuration();
  if (restamps_ == kMaxRestamps || to_beat.timestamp == UINT64_MAX || in_vain) {
    return Answer(absl::AbortedError(
        "newer writes of other coordinators kept winning over this one: check their clocks"));
  }
  ++restamps_;
  shard().metrics().writes_restamped.Increment();
  const absl::Time now = shard().clock().Now();
  StampWith(shard().versions().NextAbove(to_beat, token_, now), now);
  LookAnew();
}

void TouchOperation::TouchAll() {
  phase_ = Phase::kTouching;
  touching_ = true;
  ++round_;
  asked_at_ = shard().clock().Monotonic();
  // Ahead of the touches on the same connections.
  if (!sent_) NoteSkipped();
  sent_ = true;
  const Version version = VersionOfTouch(seen_, version_.timestamp, expires_at_ms_);
  // The operation outlives its answer, to see every replica through.
  const absl::Duration timeout = CopyTimeout(shard(), deadline_, expires_at_ms_ != 0);
  for (size_t i = 0; i < targets_.size(); ++i) {
    const NodeId node = targets_[i].node;
    targets_[i].state = State::kWaiting;
    ++outstanding_;
    for (const NodeId skipped : skipped_) shard().EnsureNoted(skipped, node);
    shard().client(node).Send(
        TouchCommand(targets_[i]), timeout,
        [this, i, round = round_, version](const absl::StatusOr<redis::Reply>& reply) {
          OnTouch(i, round, version, reply);
        });
  }
}

redis::Command TouchOperation::TouchCommand(const Target& target) const {
  const ReplicationOptions& options = shard().options();
  const absl::Duration offset = shard().ClockOffset(target.node);
  Record touched;
  touched.expires_at_ms = expires_at_ms_;
  TouchTerms terms;
  terms.seen = seen_;
  terms.timestamp = version_.timestamp;
  terms.expires_at_ms = expires_at_ms_;
  terms.ends_ms = AtNodeMs(expires_at_ms_, offset);
  terms.limit_ms = AtNodeMs(KeptUntilMs(touched, options.tombstone_ttl), offset);
  terms.latest_ms = AtNodeMs(latest_ms_, offset);
  terms.clock_offset_ms = absl::ToInt64Milliseconds(offset);
  terms.stand_in_ms = absl::ToInt64Milliseconds(StandInLife(options));
  terms.least_ms = LeastKeptMs(shard(), CopyTimeout(shard(), deadline_, expires_at_ms_ != 0));
  terms.home = target.home;
  terms.ends_unknown = MayShortenUnknown(shard(), target.node);
  const std::string packed = EncodeTouchTerms(terms);
  const std::vector<std::string> sets = HintSetsOn(shard(), target.node, skipped_);
  if (sets.empty()) {
    return redis::Command::Call(TouchScript(), {redis_key_}, {packed}).Keeping(hold_);
  }
  shard().metrics().writes_hinted.Increment();
  std::vector<std::string_view> keys = {redis_key_};
  keys.insert(keys.end(), sets.begin(), sets.end());
  const std::string_view user_key = UserKeyOf(shard(), redis_key_);
  const int64_t kept_ms = target.home ? KeptForMissedMs(expires_at_ms_, options) : 0;
  const std::string kept = std::to_string(AtNodeMs(kept_ms, offset));
  const std::string keys_bound = std::to_string(options.hint_keys);
  const std::string bytes_bound = std::to_string(shard().HintBytesBoundOn(target.node));
  const std::vector<std::string_view> arguments = {packed, kept, user_key, keys_bound, bytes_bound};
  return redis::Command::Call(TouchScript(), keys, arguments).Keeping(hold_);
}

// `version`: of the touch that is answered, which may be of an earlier round, given up since.
void TouchOperation::OnTouch(size_t target, uint32_t round, const Version& version,
                             const absl::StatusOr<redis::Reply>& reply) {
  --outstanding_;
  Target& from = targets_[target];
  const bool said = reply.ok() && !reply->IsError();
  const bool hints_refused = said && !reply->elements.empty();
  const TouchAnswer answer =
      said ? DecodeTouchAnswer(hints_refused ? reply->elements[0].text : reply->text)
           : TouchAnswer();
  from.heard |= said;
  if (said && answer.said == TouchSaid::kTouched) {
    taken_ = unsure_ = true;
    from.missed = {};
    shard().ReportWriteAccepted(from.node);
    if (hints_refused) NoteHintsRefused(shard(), from.node, skipped_);
  } else if (!said || answer.said == TouchSaid::kTooLate) {
    from.missed = std::max(from.missed, version);
    said ? shard().metrics().writes_too_late.Increment() : NoteError(from, reply);
  }
  NoteFailed();
  if (round != round_) return EndIfDone();
  from.state = said ? State::kSaid : State::kFailed;
  from.said = answer.said;
  from.record = answer.record;
  degraded_ |= !said;
  DecideTouch();
  EndIfDone();
}

void TouchOperation::NoteError(Target& target, const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) {
    shard().metrics().write_failures.For(reply.status()).Increment();
    unsure_ |= !absl::IsResourceExhausted(reply.status());
    target.gone = !absl::IsDeadlineExceeded(reply.status());
    last_error_ = reply.status();
    return;
  }
  shard().metrics().write_failures.error_reply.Increment();
  target.gone = true;
  const redis::ErrorKind kind = redis::ClassifyError(reply->text);
  if (kind == redis::ErrorKind::kNoPerm) {  // It may still take puts and deletes.
    last_error_ = absl::UnavailableError(
        "Redis refused the touch: noperm; the coordinators' Redis user needs +setrange");
    return;
  }
  last_error_ =
      absl::UnavailableError("Redis refused the touch: " + std::string(redis::ErrorKindName(kind)));
  if (redis::IsWriteRefused(kind)) shard().ReportWriteRefused(target.node, reply->text);
}

void TouchOperation::NoteSkipped() {
  for (const NodeId home : skipped_) shard().NoteMissed(home);
}

// A touch that nobody took is owed to nobody.
void TouchOperation::NoteFailed() {
  if (!taken_) return;
  for (Target& target : targets_) {
    if (!target.home || target.missed <= target.hinted) continue;
    target.hinted = target.missed;
    shard().NoteMissed(target.node);
    shard().KeepLateHint(HintAbout(target));
  }
}

// On all others that take the touch, or may have.
LateHint TouchOperation::HintAbout(const Target& target) const {
  Record missed;
  missed.version = target.missed;
  LateHint hint{.about = target.node,
                .redis_key = redis_key_,
                .version = EncodeRecord(missed).substr(kRecordVersionOffset, kRecordVersionBytes)};
  const int64_t kept_ms = KeptForMissedMs(expires_at_ms_, shard().options());
  for (const Target& holder : targets_) {
    if (holder.node == target.node || !holder.missed.IsZero()) continue;
    const int64_t kept_there_ms = holder.home ? kept_ms : 0;
    hint.holders.push_back(
        {holder.node, AtNodeMs(kept_there_ms, shard().ClockOffset(holder.node))});
  }
  return hint;
}

}  // namespace kache
