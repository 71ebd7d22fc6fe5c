// The base of the reads of one key: asks the key's replicas, counts the answers, and knows what the
// replicas that failed leave open.
#ifndef KACHE_SERVER_REPLICATION_REPLICA_READ_H_
#define KACHE_SERVER_REPLICATION_REPLICA_READ_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"
#include "server/replication/operation.h"
#include "server/replication/read_result.h"
#include "server/replication/results.h"

namespace kache {

class ReplicaRead : public Operation {
 protected:
  ReplicaRead(Shard& shard, const Version& min_version, MonotonicTime deadline, ReadCallback done)
      : Operation(shard), min_version_(min_version), deadline_(deadline), done_(std::move(done)) {}

  // Sends `read` to `node`. OnReply is called with the answer exactly once, perhaps before this
  // returns. `replica` is a number by which the read knows the node.
  void Ask(size_t replica, NodeId node, redis::Command read, absl::Duration timeout) {
    ++outstanding_;
    shard().client(node).Send(std::move(read).For(caller()), timeout,
                              [this, replica](absl::StatusOr<redis::Reply> reply) {
                                --outstanding_;
                                OnReply(replica, std::move(reply));
                              });
  }
  virtual void OnReply(size_t replica, absl::StatusOr<redis::Reply> reply) = 0;

  // Runs `ask`, which calls Ask; until it returns, outstanding() is not 0.
  void AskTogether(absl::FunctionRef<void()> ask) {
    ++outstanding_;
    ask();
    --outstanding_;
  }
  // Replicas that were asked and have not answered.
  size_t outstanding() const { return outstanding_; }

  // Notes what a replica said, or why it said nothing.
  void Note(const Finding& finding) {
    if (finding.kind != Finding::Kind::kFailed) {
      ++answered_;
      return;
    }
    last_error_ = finding.error;
    if (redis::IsBeyondNodeLimits(finding.error)) beyond_limits_ = finding.error;
    // A replica that was lost can't be reached; one that is late could hold what is asked for.
    unheard_ |= finding.is_reachable;
  }
  uint32_t answered() const { return answered_; }
  bool unheard() const { return unheard_; }
  const absl::Status& last_error() const { return last_error_; }
  // What a node said that cannot digest the read. OK = no node did.
  const absl::Status& beyond_limits() const { return beyond_limits_; }
  void set_last_error(absl::Status error) { last_error_ = std::move(error); }

  const Version& min_version() const { return min_version_; }
  MonotonicTime deadline() const { return deadline_; }
  absl::Duration Left() const { return shard().Left(deadline_); }

  // Whether the caller still waits.
  bool is_unanswered() const { return static_cast<bool>(done_); }
  ReadCallback TakeCallback() { return std::exchange(done_, nullptr); }

 private:
  const Version min_version_;
  const MonotonicTime deadline_;
  ReadCallback done_;
  size_t outstanding_ = 0;
  uint32_t answered_ = 0;
  bool unheard_ = false;
  absl::Status last_error_;
  absl::Status beyond_limits_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_REPLICA_READ_H_
