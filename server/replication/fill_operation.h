// A fill: the put of a caller that holds a lease (lease.h). Asks the key's first home replica that
// is UP whether the lease still stands, then writes as any put does, but for two things: a node
// that holds nothing takes it for WRITE_TIMEOUT_MS only, and the stamp may be of any age.
//
// Why that is safe: whatever reaches the home replica after the lease was given removes its mark.
// What is written after this check is newer than the token, and every node keeps it for longer than
// the fill may take (LeastKeptMs).
//
// A lease that does not stand is ABORTED, SUPERSEDED, with the version of what is held instead
// (zero = nothing); nothing was done then.
#ifndef KACHE_SERVER_REPLICATION_FILL_OPERATION_H_
#define KACHE_SERVER_REPLICATION_FILL_OPERATION_H_

#include <cstdint>

#include "server/replication/operation.h"
#include "server/replication/results.h"
#include "server/replication/write_operation.h"

namespace kache {

class FillOperation final : public Operation {
 public:
  // As WriteOperation. Requires: the write's stamp is set, and is a lease's token.
  FillOperation(Shard& shard, const WriteOperation::Write& write, uint64_t token,
                const OperationTiming& timing, WriteCallback done);
  void Run() override;

 private:
  void OnChecked(const absl::StatusOr<redis::Reply>& reply);
  bool BeginsOutOfRange(int64_t now_ms) const;
  void AnswerOutOfRange(int64_t now_ms);
  void Fill();
  void AnswerSuperseded(const Version& held);
  void Answer(absl::StatusOr<Receipt> receipt);

  WriteOperation::Write write_;
  const uint64_t token_;
  const OperationTiming timing_;
  absl::Time checked_at_;
  WriteCallback done_;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_FILL_OPERATION_H_
