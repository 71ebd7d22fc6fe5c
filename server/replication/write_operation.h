// A write (a put, or a delete as a tombstone). The record has one stamp, its caller's or one of
// this coordinator's clock, and is sent to all home replicas at the same time; the write is
// answered on the acknowledgement of the first home replica that is UP, or, after an error of that
// one or TRY_TIMEOUT_MS, on any other's (degraded). At QUORUM and ALL it also needs as many home
// replicas as the level says: it is not begun where fewer take writes, and answered ABORTED with
// what it reached once too many have failed. The operation then sees the other replicas through.
//
//  * A home replica that did not take a write which another did, for whatever reason, or may not
//    have, is not read any more before it was made whole (Shard::NoteMissed).
//  * Each copy of a write that a home replica was skipped for leaves the hint of that, in the same
//    step (hint_scripts.h). Where a home replica fails later, every other target is sent the hint
//    behind the write, before the operation ends.
//  * A home replica that can't be written is replaced by a stand-in, the next UP node on the walk,
//    whose copy is flagged as one, with a life of its own (stand_in.h). So is one whose connection
//    fails under the write, or that refuses it, at most MAX_TRIES - 1 times (0 = as often as there
//    are nodes); and one that is merely late only while nobody has acknowledged.
//  * Once a node cannot digest the record (IsBeyondNodeLimits), the record is brought to no further
//    node. A write that too few replicas take waits for the answers of all of them, until the first
//    try's time is over: where none of them can digest it, the write fails for good. A small record
//    is below the limits of every node: the node that does not take it counts as lost instead.
//  * A replica that holds a newer version refuses the record. A write that this coordinator stamped
//    is concurrent with that one as long as its caller waits, so it is stamped anew, just above,
//    and sent to all again: the later answer wins in spite of clock skew. Once answered, or where
//    the newer version is our own later write, the copy counts as superseded, which is as good as
//    stored. So it does where the stamp stood above all that every home replica had said to hold:
//    the newer version then came while this write was under way, and may follow it.
//  * A caller's stamp is never changed, as another attempt may carry it, too. Where a replica
//  refuses
//    it, all home replicas are heard (for TRY_TIMEOUT_MS at most), and the write is answered
//    ABORTED, SUPERSEDED: only its caller can tell whether that is a conflict (stamp.h, ADR 14).
//  * Lateness is bounded where the record lands: a node that holds nothing for the key refuses a
//    record that reaches it more than max_write_age after its stamp.
//
// Bodies: write_operation.cc, write_operation_answer.cc, write_operation_hints.cc.
#ifndef KACHE_SERVER_REPLICATION_WRITE_OPERATION_H_
#define KACHE_SERVER_REPLICATION_WRITE_OPERATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/byte_budget.h"
#include "server/redis/command.h"
#include "server/replication/consistency.h"
#include "server/replication/operation.h"
#include "server/replication/placement.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/stamp.h"

namespace kache {

class WriteOperation final : public Operation, private TimedOperation {
 public:
  struct Write {
    std::string_view key;         // alive until `done` is called
    std::string_view value = {};  // alive until `done` is called; empty for a delete
    absl::Duration ttl = {};      // zero = does not expire
    bool tombstone = false;
    Consistency consistency = Consistency::kOne;
    Stamp stamp = {};  // not set = this coordinator's clock stamps it
    // Of a fill (fill_operation.h): until when a node that holds nothing takes it. Its stamp may be
    // of any age. Else the stamp says so.
    absl::Time latest = absl::InfiniteFuture();
    // What counts the record and one command, until their last copy is gone, wherever it waits.
    // Further commands (of another stamp, for a stand-in, or for a node with a clock of its own)
    // count for themselves.
    ByteBudget::Hold hold = {};
  };
  WriteOperation(Shard& shard, const Write& write, uint64_t token, const OperationTiming& timing,
                 WriteCallback done);
  ~WriteOperation() override;
  void Run() override;

 private:
  void TimePassed(MonotonicTime now) override;  // while unanswered
  enum class Outcome : uint8_t {
    kWaiting,
    kAcknowledged,
    kFailed,        // it lacks the write, or may
    kBeyondLimits,  // it lacks the write, and can't digest it
    kBeaten,        // it holds ever newer ones of others
    kHoldsNewer,    // it holds something newer than the caller's stamp
    kEnded,         // it holds nothing, and the value's life is over by its clock
    // It holds nothing, and the write came too long after its stamp: for any node, or for one that
    // stands in.
    kTooLate,
  };
  struct Target {
    NodeId node;
    bool home;
    Outcome outcome = Outcome::kWaiting;
    bool replaced = false;  // A stand-in has been sent the record in its place.
    bool noted = false;     // as one that missed the write
    bool heard = false;     // whether it took an attempt, or what it holds
    bool gone = false;      // its connection broke, or it refuses writes: as if it were DOWN

    bool MayLackIt() const {
      return outcome == Outcome::kFailed || outcome == Outcome::kBeyondLimits;
    }
  };

  void Begin(absl::Time now);
  // Sets the version, and what depends on it.
  void StampFirst(absl::Time now);
  void StampWith(const Version& version, absl::Time now);
  // A caller's stamp that can't be taken; asks the replicas where that needs to be known.
  bool RefusesStamp(absl::Time now);
  void AskForHeld();
  bool IsFill() const { return latest_ != absl::InfiniteFuture(); }
  // The caller still waits for the answer.
  bool CallerWaits() const;
  void SendAll();
  void Send(size_t target);
  redis::Command CommandFor(NodeId node, bool home);
  // Whether the record ends a life that the node may not know of.
  bool EndsUnknownLife(NodeId node) const;
  // What counts the bytes of one more command.
  ByteBudget::Hold HoldForCommand();
  void OnReply(uint32_t target, uint32_t attempt, absl::StatusOr<redis::Reply> reply);
  void OnRefusedAsOlder(Target& target, const Version& held);
  void StampAboveHeld();
  // Of a node that sent no reply. Returns whether the node cannot digest the record.
  bool NoteError(absl::Status status);
  void OnErrorReply(Target& target, const std::string& text);
  void Fail(Target& target);
  // Whether a further node was sent the record.
  bool SendToStandIn();
  bool EnoughMayTakeIt() const;
  void NoteSkipped(absl::Span<const NodeId> homes);
  void NoteFailed();
  // Leaves, on every other target, the hint that the node missed the write after all.
  void LeaveHintsAbout(NodeId node);
  LateHint LateHintAbout(NodeId node) const;
  void KeepUnlessLeft(size_t late_hint);
  // Until when a home replica keeps it at least where another one missed it; cluster time. 0 = as
  // long as otherwise.
  int64_t KeptMs() const;
  bool IsValueThatEnds() const { return !fields_.tombstone && fields_.expires_at_ms != 0; }
  void AnswerIfDecided();
  void AnswerIfSuperseded();
  bool AllHeard() const;
  void AnswerFailure();
  void AnswerLifeOver();
  void AnswerOutOfRange();
  bool AllTooLate() const;
  bool AllBeyondLimits() const;
  // Whether the replicas that wait decide between a failure for good and another one.
  bool WaitsForLimits() const;
  void AnswerShort();
  Receipt ReceiptNow(uint32_t acknowledged) const;
  Receipt ReceiptNow() const;
  void Answer(absl::StatusOr<Receipt> receipt);
  void EndIfDone();
  uint32_t Acknowledged() const { return All(Outcome::kAcknowledged); }
  // Targets, and home replicas, with that outcome.
  uint32_t All(Outcome outcome) const;
  uint32_t Homes(Outcome outcome) const;
  bool Answered() const { return !done_; }

  const uint64_t token_;
  const MonotonicTime deadline_;
  const std::atomic<bool>* const cancelled_;  // until answered; may be nullptr
  const Stamp stamp_;
  const Consistency consistency_;
  const uint32_t required_;
  std::optional<uint64_t> write_epoch_;  // Shard::WriteStarted
  MonotonicTime started_;
  WriteCallback done_;
  std::string redis_key_;
  // Until it is answered, the caller's bytes; what a stand-in needs later stands in record_.
  Record fields_;
  const absl::Duration ttl_;
  const absl::Time latest_;  // Write::latest
  const ByteBudget::Hold hold_;
  const size_t unanswered_bytes_;  // Shard::AddUnanswered; 0 = they are not counted
  // When the write was made: its life runs from here, whatever the stamp.
  absl::Time made_at_;
  std::string record_;
  int64_t latest_ms_ = 0;                       // until when a node that holds nothing may store it
  std::optional<redis::Command> home_command_;  // for nodes whose clock is right
  absl::InlinedVector<Target, 4> targets_;
  // Home replicas: every copy comes with a hint for each.
  absl::InlinedVector<NodeId, 2> missed_by_;
  struct SentHint {
    NodeId about;
    uint32_t unanswered = 0;
    bool is_left = false;  // on one of the targets at least
  };
  std::vector<SentHint> late_hints_;
  std::optional<size_t> primary_;
  uint32_t attempt_ = 0;      // how often the record was stamped anew
  bool above_all_ = false;    // the stamp is above all that AllHeard means
  Version newest_held_;       // of those that refused it
  uint32_t outstanding_ = 0;  // callbacks yet to come
  uint32_t commands_ = 0;     // made so far
  uint32_t stand_ins_tried_ = 0;
  bool degraded_ = false;
  bool late_ = false;
  absl::Status last_error_;  // kBeyondLimits only where all errors were that
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_WRITE_OPERATION_H_
