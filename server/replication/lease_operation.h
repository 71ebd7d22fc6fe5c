// Reads a key, or takes the lease to fill it (lease.h), or waits while another caller fills it. The
// key's first home replica that is UP decides; after an error or TRY_TIMEOUT_MS the next one does
// (degraded), where two callers may have a lease at a time.
//
// Where no home replica is UP nobody can hold a lease: UNAVAILABLE.
#ifndef KACHE_SERVER_REPLICATION_LEASE_OPERATION_H_
#define KACHE_SERVER_REPLICATION_LEASE_OPERATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/redis/command.h"
#include "server/replication/lease.h"
#include "server/replication/lease_waits.h"
#include "server/replication/operation.h"
#include "server/replication/results.h"

namespace kache {

// What a caller is told who asked for a value or a lease.
struct LeaseResult {
  enum class Kind : uint8_t {
    kHit,    // `read` is found
    kGiven,  // the caller is to fill the key: `token`
    kHeld,   // another one is filling it
  };
  Kind kind = Kind::kHeld;
  ReadResult read;           // its receipt counts for all kinds
  Version token;             // of kGiven; its lowest 16 bits are 0
  absl::Duration left = {};  // until the lease ends, its caller's or another one's
};
// As ReadCallback.
using LeaseCallback = absl::AnyInvocable<void(absl::StatusOr<LeaseResult>)>;

class LeaseOperation final : public Operation, private TimedOperation, private LeaseWaits::Waiter {
 public:
  struct Ask {
    std::string_view key;       // copied
    absl::Duration lease = {};  // how long it lasts; cut to LongestLease
    absl::Duration wait = {};   // how long to wait for another one's fill, at most
  };
  // `waits` outlives it.
  LeaseOperation(Shard& shard, LeaseWaits& waits, const Ask& ask, uint64_t token,
                 const OperationTiming& timing, LeaseCallback done);
  void Run() override;

 private:
  void TimePassed(MonotonicTime now) override;  // while it waits
  void AskAgain() override;
  void GiveUp() override;

  void AskFirst();
  void AskNext();
  redis::Command CommandFor(NodeId node) const;
  void OnReply(NodeId node, absl::StatusOr<redis::Reply> reply);
  void OnLive(NodeId node, std::string record);
  void Wait(NodeId node, absl::Duration left);
  void StopWaiting();
  void NoteFailure(NodeId node, const absl::StatusOr<redis::Reply>& reply);
  LeaseResult Result(LeaseResult::Kind kind, NodeId node) const;
  void Answer(absl::StatusOr<LeaseResult> result);

  LeaseWaits& waits_;
  const uint64_t token_;
  const MonotonicTime deadline_;
  const std::atomic<bool>* const cancelled_;
  const absl::Duration lease_;
  const absl::Duration wait_;
  const std::string redis_key_;
  const uint64_t asker_;
  MonotonicTime wait_ends_;
  LeaseCallback done_;
  size_t next_ = 0;  // position among the home replicas to search from
  size_t tries_ = 0;
  bool degraded_ = false;
  bool waits_here_ = false;  // in waits_
  LeaseResult held_;         // while it waits: what it answers when that is over
  absl::Status last_error_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LEASE_OPERATION_H_
