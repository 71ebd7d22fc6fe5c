// A read at QUORUM or ALL: asks all home replicas at once that are UP, or merely behind
// (cluster/doubt.h), and answers when as many as the level needs hold the newest version that was
// found.
//
//  * A replica counts only while the node says, in the very command that reads the record, that it
//    is whole, or that it has kept its memory and has not lacked writes for long: a fence that
//    another coordinator raised, or a FLUSHALL, is seen at once. Whoever kept its memory shows all
//    writes that it acknowledged, and of each acknowledged write some replica of any majority is
//    one that did. A write that some home replica missed lives long enough on the others for that
//    (KeptForMissedMs, missed_write.h).
//  * A replica that counted as UP, and has no marker now, may merely have evicted it: the marker is
//    written again within moments. Where the level can't do without that replica, it is asked
//    again, every kAskAgain, for four TRY_TIMEOUT_MS, until it counts or was judged otherwise.
//  * Replicas that differ are made equal before the answer (blocking read repair): once they are
//    seen to differ, the others get TRY_TIMEOUT_MS to speak up too; then the newest record is
//    written to as many as the level needs. One that answers late is repaired in the background,
//    with a large record that is read once more, as none is kept for it.
//  * Where the newest is older than min_version, or there is none, the home replicas that are
//    SYNCING are asked, too, and those that are late are waited for: they may hold it, though they
//    do not count. What such a node held through a long absence may have been deleted meanwhile,
//    and is passed over. It is a miss where every home replica that can be reached holds nothing;
//    ABORTED where one holds something older, did not answer in time, or answered with an error.
//
//  * A read does not wait for replicas that this coordinator seems cut off from (Shard::IsCutOff).
//    Where too few others are left, it is UNAVAILABLE at once: another coordinator may reach them.
//
// Together with writes at QUORUM (majorities overlap) this is the regular register of Attiya,
// Bar-Noy and Dolev ("Sharing Memory Robustly in Message-Passing Systems", 1995), for as long as
// the replicas that count keep their memory.
#ifndef KACHE_SERVER_REPLICATION_QUORUM_READ_H_
#define KACHE_SERVER_REPLICATION_QUORUM_READ_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "server/redis/command.h"
#include "server/replication/consistency.h"
#include "server/replication/newest_record.h"
#include "server/replication/replica_read.h"
#include "server/replication/results.h"

namespace kache {

class QuorumRead final : public ReplicaRead, private TimedOperation {
 public:
  // `key` must stay alive until `done` is called. Requires: consistency is QUORUM or ALL.
  QuorumRead(Shard& shard, std::string_view key, uint64_t token, const ReadOptions& options,
             MonotonicTime deadline, ReadCallback done);
  void Run() override;

  static constexpr absl::Duration kAskAgain = absl::Milliseconds(30);

 private:
  enum class Phase : uint8_t { kAsked, kAnswered, kRepairing, kFailed };
  struct Replica {
    NodeId node;
    Phase phase = Phase::kAsked;
    bool counts = true;      // false = amnesic, or its marker says that it is not whole
    bool by_memory = false;  // asked whether it kept its memory, where it is fenced
    bool unjudged = false;   // its marker says so, and nobody knows since when
    Version version;         // zero = it holds nothing
    bool cut_off = false;    // was, at the last tick: no reply is expected

    bool MayHaveNoMarker() const { return unjudged && phase == Phase::kAnswered; }
    bool OwesReply() const { return phase == Phase::kAsked || phase == Phase::kRepairing; }
  };

  void TimePassed(MonotonicTime now) override;
  void AskReplica(NodeId node, bool counts);
  redis::Command CommandFor(const Replica& replica) const;
  // Of a replica that turned out to be fenced: whether it is asked again.
  bool AskMemory(Replica& replica);
  // Whether a replica may count soon that answered that it is not whole.
  bool AwaitsMarkers() const;
  void AskAgain(MonotonicTime now);
  void AskSyncing();
  // To what the replica was sent last.
  void OnReply(size_t index, absl::StatusOr<redis::Reply> reply) override;
  // Whether that has changed for a replica that owes a reply.
  bool NoteCutOff();
  void Hear(Replica& replica, std::vector<redis::Reply>& parts);
  void OnRepaired(Replica& replica, absl::StatusOr<redis::Reply> reply);
  // False: there is no room for the copy, and the replica has failed.
  bool Repair(size_t index);
  // A late replica is to be repaired with a record that is not kept any more.
  void ReadAgain();
  void Decide();
  void DecideOn(size_t holders);
  bool ShouldWaitForOthers() const;
  size_t Count(Phase phase) const;
  size_t Waiting() const;  // for replicas that count
  size_t CutOff() const;   // replicas that owe a reply, and are not waited for
  size_t Holders() const;
  Receipt ReceiptNow() const;
  void AnswerFailure();
  void Finish(absl::StatusOr<ReadResult> result);
  void EndIfDone();

  const std::string_view key_;
  const uint64_t token_;
  const Consistency consistency_;
  MonotonicTime started_;
  std::string redis_key_;
  uint32_t required_ = 0;
  absl::InlinedVector<Replica, 4> replicas_;
  NewestRecord newest_;
  int64_t newest_ends_ms_ = 0;    // when its key ends in Redis (cluster time, 0 = never)
  int64_t repair_latest_ms_ = 0;  // until when a copy of it may be stored
  size_t unanswered_bytes_ = 0;   // Shard::AddUnanswered
  bool awaits_markers_ = false;
  MonotonicTime asked_at_;  // newest command of AskAgain
  bool asked_syncing_ = false;
  bool read_again_ = false;
  bool diverged_ = false;
  bool degraded_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_QUORUM_READ_H_
