// A touch: gives the life of a value another end, without its value (touch.h, ADR 24). It looks,
// then it touches what it saw, and nothing else.
//
//   look    finds the record as a read of the level does. At ONE by the header of the key's first
//           home replica that is UP, and of the next one after an error or TRY_TIMEOUT_MS. At
//           QUORUM and ALL by such a read (quorum_read.h), which makes replicas that differ equal.
//           Where no home replica is UP, at ONE, by the headers of all that a write would be sent
//           to: the newest counts. No live value: a miss, and nothing was done.
//   touch   sends the touch to all that a write would be sent to. The first home replica that is UP
//           answers at ONE, as for a write; at QUORUM and ALL as many home replicas as the level
//           needs must hold the touch.
//
//  * A node with another version of the same value (an older touch, or none) is touched, too. One
//    that lacks the value, or holds an older one, is repaired by a read at QUORUM: before the
//    answer where the level needs it, else in the background.
//  * A node that holds a newer value which is older than the stamp: it is looked for anew. One that
//    holds what is not older than the stamp: as for a write, the touch gets a new stamp while its
//    caller waits, or the caller is told (SUPERSEDED), with a version to stamp above. A later touch
//    that gave the same life, within 50 ms, will do.
//  * A home replica that was skipped, or may not have taken the touch that another took, is noted,
//    and leaves its hint, as one that missed a write (write_operation.h).
//  * A stand-in touches the copies that it holds as one. It gets no new copy.
//
// Bodies: touch_operation.cc, touch_operation_look.cc, touch_operation_answer.cc.
#ifndef KACHE_SERVER_REPLICATION_TOUCH_OPERATION_H_
#define KACHE_SERVER_REPLICATION_TOUCH_OPERATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/byte_budget.h"
#include "server/redis/command.h"
#include "server/replication/consistency.h"
#include "server/replication/late_hints.h"
#include "server/replication/operation.h"
#include "server/replication/placement.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/stamp.h"
#include "server/replication/touch.h"

namespace kache {

class TouchOperation final : public Operation, private TimedOperation {
 public:
  struct Touch {
    std::string_view key;     // copied
    absl::Duration ttl = {};  // zero = for ever
    Consistency consistency = Consistency::kOne;
    Stamp stamp = {};  // not set = this coordinator's clock stamps it
    // What counts the key and one command, until their last copy is gone.
    ByteBudget::Hold hold = {};
  };
  TouchOperation(Shard& shard, const Touch& touch, uint64_t token, const OperationTiming& timing,
                 TouchCallback done);
  ~TouchOperation() override;
  void Run() override;

 private:
  enum class Phase : uint8_t { kLooking, kTouching, kRepairing };
  enum class State : uint8_t {
    kIdle,     // not asked in this phase
    kWaiting,  // asked
    kSaid,     // `said` and `record`; of a look: kAbsent, kEnded, or kTouched for a live value
    kFailed,   // `last_error_`
  };
  struct Target {
    NodeId node;
    bool home = true;
    State state = State::kIdle;
    TouchSaid said = TouchSaid::kAbsent;
    Record record = {};
    bool heard = false;  // whether it said what it holds, in whatever phase
    bool gone = false;   // its connection broke, or it refuses writes
    // The newest touch that it may not have taken, and that of which the hint was left; zero =
    // none.
    Version missed = {};
    Version hinted = {};

    bool Said(TouchSaid what) const { return state == State::kSaid && said == what; }
  };

  void TimePassed(MonotonicTime now) override;  // while unanswered
  void Begin(absl::Time now);
  void StampFirst(absl::Time now);
  void StampWith(const Version& version, absl::Time now);
  bool RefusesStamp(absl::Time now);
  bool CallerWaits() const;

  void Look();
  bool LookAtNext();  // at ONE; whether there was one
  void SendLook(size_t target);
  void OnLook(size_t target, uint32_t round, const absl::StatusOr<redis::Reply>& reply);
  void LookByRead();  // at QUORUM and ALL
  void OnRead(const absl::StatusOr<ReadResult>& result);
  void DecideLook();
  void DecideLookAtOne();
  void DecideLookOfAll();
  void DecideBy(const Target& target);
  void GoOnWith(const Record& record);
  bool IsAsGood(const Record& record) const;
  void TouchAll();
  redis::Command TouchCommand(const Target& target) const;
  void OnTouch(size_t target, uint32_t round, const Version& version,
               const absl::StatusOr<redis::Reply>& reply);
  void DecideTouch();
  void DecideTouchAtOne();
  void DecideTouchOfLevel();
  // Nodes said that they hold newer values: true where that decides.
  bool DecideByNewer();
  void Repair();
  void OnRepaired(const absl::StatusOr<ReadResult>& result);
  void Read(const ReadOptions& options, MonotonicTime deadline, ReadCallback done);
  // A record that is not older than the stamp.
  void MeetNewer(const Record& record);
  void LookAnew();

  void NoteError(Target& target, const absl::StatusOr<redis::Reply>& reply);
  void NoteSkipped();
  void NoteFailed();
  LateHint HintAbout(const Target& target) const;
  bool IsUp(const Target& target) const;
  bool AllHeard() const;
  bool InTime() const;
  size_t Count(State state) const;
  size_t Saying(TouchSaid said) const;
  size_t HomesSaying(TouchSaid said) const;
  size_t HomesLacking() const;  // that hold nothing newer than what was seen
  uint32_t HoldersOf(const Version& version) const;
  // Of those that said what they hold; null where none did.
  const Target* Newest() const;
  const Target* Touched() const;
  bool SomeLackIt() const;
  Receipt ReceiptNow(const Record& record, uint32_t acknowledged) const;
  void AnswerFound(const Record& record, uint32_t acknowledged);
  void AnswerMiss();
  void AnswerUntouched();
  void AnswerReadFailure(const absl::Status& status);
  void AnswerSuperseded(const Record& by);
  void AnswerOutOfRange();
  void AnswerFailure();
  void AnswerShort();
  void AnswerDeadline();
  void Answer(absl::StatusOr<TouchResult> result);
  void EndIfDone();
  bool Answered() const { return !done_; }

  const std::string key_;
  const uint64_t token_;
  const MonotonicTime deadline_;
  const std::atomic<bool>* const cancelled_;
  const Stamp stamp_;
  const Consistency consistency_;
  const absl::Duration ttl_;
  const std::string redis_key_;
  const ByteBudget::Hold hold_;
  const size_t unanswered_bytes_;  // Shard::AddUnanswered; 0 = they are not counted
  uint32_t required_ = 1;
  TouchCallback done_;
  MonotonicTime asked_at_;               // when the newest look, or touch, was sent
  std::optional<uint64_t> write_epoch_;  // Shard::WriteStarted
  absl::Time made_at_;                   // from when the life runs
  Version version_;                      // the current stamp
  int64_t expires_at_ms_ = 0;
  int64_t latest_ms_ = 0;

  Phase phase_ = Phase::kLooking;
  uint32_t round_ = 0;  // looks and touches so far: replies of earlier ones decide nothing
  uint32_t looks_ = 0;
  uint32_t restamps_ = 0;
  bool looks_at_all_ = false;  // at ONE, as no home replica is UP
  bool sent_ = false;          // a touch, to some node
  bool touching_ = false;      // what the targets said is of a touch, not of a look
  bool taken_ = false;         // some touch, by some node
  bool repaired_ = false;      // by a read, once
  bool unsure_ = false;        // some touch may have been taken, by some node
  uint32_t read_by_ = 0;       // how many home replicas hold what the newest read found
  Record seen_;
  absl::InlinedVector<Target, 4> targets_;
  absl::InlinedVector<NodeId, 2> skipped_;  // home replicas: every touch comes with their hints
  std::optional<size_t> primary_;
  uint32_t outstanding_ = 0;
  bool degraded_ = false;
  absl::Status last_error_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_TOUCH_OPERATION_H_
