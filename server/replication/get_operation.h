// A read at consistency ONE: asks the key's first home replica that is UP, and goes on to the next
// after an error, after TRY_TIMEOUT_MS, and after a nil when degraded. Where no home replica is UP,
// or an answer is older than min_version, it becomes a NewestRead, of the stand-ins, too, where no
// home replica is UP; where none is SYNCING either it asks stand-ins only.
//
// In the quiet case: one command to one node, one answer.
#ifndef KACHE_SERVER_REPLICATION_GET_OPERATION_H_
#define KACHE_SERVER_REPLICATION_GET_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/redis/command.h"
#include "server/replication/placement.h"
#include "server/replication/replica_read.h"

namespace kache {

class GetOperation final : public ReplicaRead {
 public:
  // `key` must stay alive until `done` is called.
  GetOperation(Shard& shard, std::string_view key, uint64_t token, const Version& min_version,
               MonotonicTime deadline, ReadCallback done);
  void Run() override;

 private:
  ReadMode Mode() const;
  // Hands over to a NewestRead.
  void AskForNewest();
  void TryNext();
  // The position in walk_ of the node to be asked next.
  std::optional<size_t> NextCandidate();
  std::optional<size_t> NextUpFrom(size_t from) const;
  void OnReply(size_t position, absl::StatusOr<redis::Reply> reply) override;  // in walk_
  void WalkOnAfterNil(NodeId node);
  void NothingLeft();
  void Finish(absl::StatusOr<ReadResult> result);

  const std::string_view key_;
  const uint64_t token_;
  std::optional<redis::Command> command_;
  PreferenceList walk_;  // the home replicas; all nodes once stand-ins are needed
  size_t next_ = 0;      // position in walk_ to search from
  uint32_t tries_ = 0;
  NodeId last_nil_;                           // the last that answered that it holds nothing
  std::optional<absl::Time> compared_since_;  // when it began, where its answer is compared
  bool degraded_ = false;
  bool patient_ = false;  // the first that is UP is asked again, with all the time that is left
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_GET_OPERATION_H_
