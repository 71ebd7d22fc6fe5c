#include "server/replication/touch_operation.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "server/replication/read_result.h"
#include "server/replication/repair.h"
#include "server/replication/stand_in.h"
#include "server/replication/touch_scripts.h"

namespace kache {
namespace {

// A touch that meets ever newer values gives up at last.
constexpr uint32_t kMaxRestamps = 5;
constexpr uint32_t kMaxLooks = 8;
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
      required_(RequiredReplicas(touch.consistency, shard.homes())),
      done_(std::move(done)) {}

TouchOperation::~TouchOperation() {
  if (write_epoch_) shard().WriteEnded(*write_epoch_);
}

void TouchOperation::Run() {
  Begins();
  write_epoch_ = shard().WriteStarted();
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
  const auto up = std::count_if(targets_.begin(), targets_.end(), [this](const Target& target) {
    return target.home && IsUp(target);
  });
  if (targets_.empty() ||
      (consistency_ != Consistency::kOne && static_cast<uint32_t>(up) < required_)) {
    Answer(absl::UnavailableError(
        "fewer home replicas are up than the consistency level needs; nothing was done"));
    return EndIfDone();
  }
  looks_at_all_ = up == 0;
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

void TouchOperation::Look() {
  phase_ = Phase::kLooking;
  touching_ = false;
  ++round_;
  ++looks_;
  for (Target& target : targets_) target.state = State::kIdle;
  if (consistency_ == Consistency::kOne && !looks_at_all_) {
    if (!LookAtNext()) AnswerFailure();
    return;
  }
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (looks_at_all_ || (targets_[i].home && IsUp(targets_[i]))) SendLook(i);
  }
  if (Count(State::kWaiting) == 0) AnswerFailure();
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
  const bool level = consistency_ != Consistency::kOne;
  shard().client(to.node).Send(
      level ? redis::Command::Call(LookScript(), {redis_key_, shard().keys().Marker()},
                                   {shard().WholeMarker(to.node)})
            : redis::Command::Of(
                  {"GETRANGE", redis_key_, "0", std::to_string(kRecordHeaderBytes - 1)}),
      shard().Left(deadline_), [this, target, round = round_](absl::StatusOr<redis::Reply> reply) {
        OnLook(target, round, std::move(reply));
      });
}

void TouchOperation::OnLook(size_t target, uint32_t round, absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  if (round != round_ || Answered()) return EndIfDone();
  Target& from = targets_[target];
  const bool level = consistency_ != Consistency::kOne;
  const Finding finding =
      level && reply.ok() && !reply->IsError()
          ? Inspect(reply->text.size() > 1 ? redis::Reply::String(reply->text.substr(1))
                                           : redis::Reply::Nil(),
                    shard())
          : Inspect(reply.ok() && reply->text.empty() ? redis::Reply::Nil() : std::move(reply),
                    shard());
  if (finding.kind == Finding::Kind::kFailed) {
    from.state = State::kFailed;
    last_error_ = finding.error;
    degraded_ = true;
  } else {
    from.state = State::kSaid;
    from.heard = true;
    from.record = finding.HoldsRecord() ? finding.record : Record();
    from.record.value = {};
    const bool counts = from.home || from.record.stand_in;
    if (!counts || !finding.HoldsRecord()) {
      from.record = {};
      from.said = TouchSaid::kAbsent;
    } else if (finding.kind == Finding::Kind::kNewerFormat) {
      from.said = TouchSaid::kUntouched;
    } else {
      const bool over =
          from.record.tombstone || from.record.ExpiredAt(absl::ToUnixMillis(shard().clock().Now()));
      from.said = over ? TouchSaid::kEnded : TouchSaid::kTouched;
    }
    from.whole = !level || reply->text.substr(0, 1) == "1";
    if (!from.whole) {
      shard().metrics().reads_not_whole.Increment();
      shard().ReportNotWhole(from.node);
      degraded_ = true;
    }
  }
  DecideLook();
  EndIfDone();
}

void TouchOperation::DecideLook() {
  if (Answered() || phase_ != Phase::kLooking) return;
  if (consistency_ != Consistency::kOne) return DecideLookOfLevel();
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

void TouchOperation::DecideLookOfLevel() {
  const auto counts = [](const Target& target) {
    return target.state == State::kSaid && target.whole;
  };
  const auto heard = static_cast<size_t>(std::count_if(targets_.begin(), targets_.end(), counts));
  const size_t waiting = Count(State::kWaiting);
  if (heard + waiting < required_) return AnswerFailure();
  if (heard < required_) return;
  const auto newest =
      std::max_element(targets_.begin(), targets_.end(), [&](const Target& a, const Target& b) {
        return counts(a) == counts(b) ? a.record.version < b.record.version : counts(b);
      });
  const auto holders = std::count_if(targets_.begin(), targets_.end(), [&](const Target& target) {
    return counts(target) && target.record.version == newest->record.version;
  });
  if (static_cast<size_t>(holders) >= required_) return DecideBy(*newest);
  if (waiting > 0 && InTime()) return;
  Repair();
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

void TouchOperation::GoOnWith(const Record& record) {
  const bool is_own = record.touched && record.expires_at_ms == expires_at_ms_ &&
                      WrittenAtMs(record.version, true) == MillisOf(version_.timestamp);
  if (!is_own && StampToBeat(record) > version_) {
    // Hot keys would outbid each other for one and the same life.
    if (!IsAsGood(record)) return MeetNewer(record);
    shard().metrics().writes_superseded.Increment();
    return AnswerFound(record, static_cast<uint32_t>(HoldersOf(record.version)));
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
  if (stamp_.IsSet()) return AnswerSuperseded(to_beat);
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

void TouchOperation::LookAnew() {
  if (looks_ == kMaxLooks) return AnswerShort();
  Look();
}

void TouchOperation::TouchAll() {
  phase_ = Phase::kTouching;
  touching_ = true;
  ++round_;
  asked_at_ = shard().clock().Monotonic();
  // Ahead of the touches on the same connections.
  if (!sent_) NoteSkipped(shard().ring().Preference(token_, shard().homes()));
  sent_ = true;
  // The operation outlives its answer, to see every replica through.
  const absl::Duration timeout = std::max(shard().Left(deadline_), shard().options().write_timeout);
  for (size_t i = 0; i < targets_.size(); ++i) {
    targets_[i].state = State::kWaiting;
    ++outstanding_;
    shard()
        .client(targets_[i].node)
        .Send(TouchCommand(targets_[i]), timeout,
              [this, i, round = round_](absl::StatusOr<redis::Reply> reply) {
                OnTouch(i, round, std::move(reply));
              });
  }
}

redis::Command TouchOperation::TouchCommand(const Target& target) const {
  const ReplicationOptions& options = shard().options();
  const absl::Duration offset = shard().ClockOffset(target.node);
  TouchTerms terms;
  terms.seen = seen_;
  terms.timestamp = version_.timestamp;
  terms.expires_at_ms = expires_at_ms_;
  terms.ends_ms = AtNodeMs(expires_at_ms_, offset);
  Record touched;
  touched.expires_at_ms = expires_at_ms_;
  terms.limit_ms = AtNodeMs(KeptUntilMs(touched, options.tombstone_ttl), offset);
  terms.latest_ms = AtNodeMs(latest_ms_, offset);
  terms.clock_offset_ms = absl::ToInt64Milliseconds(offset);
  terms.stand_in_ms = absl::ToInt64Milliseconds(StandInLife(options));
  terms.home = target.home;
  return redis::Command::Call(TouchScript(), {redis_key_}, {EncodeTouchTerms(terms)});
}

void TouchOperation::OnTouch(size_t target, uint32_t round, absl::StatusOr<redis::Reply> reply) {
  --outstanding_;
  Target& from = targets_[target];
  const bool said = reply.ok() && !reply->IsError();
  from.heard |= said;
  if (round != round_) {  // Of a touch that was given up, or while a repair runs.
    if (!said) NoteFailed(from);
    return EndIfDone();
  }
  if (said) {
    const TouchAnswer answer = DecodeTouchAnswer(reply->text);
    from.state = State::kSaid;
    from.said = answer.said;
    from.record = answer.record;
    if (answer.said == TouchSaid::kTouched) {
      taken_ = true;
      shard().ReportWriteAccepted(from.node);
    }
    if (answer.said == TouchSaid::kTooLate) shard().metrics().writes_too_late.Increment();
  } else {
    Fail(from, reply);
  }
  for (Target& each : targets_) {
    if (each.state == State::kFailed || each.Said(TouchSaid::kTooLate)) NoteFailed(each);
  }
  DecideTouch();
  EndIfDone();
}

}  // namespace kache
