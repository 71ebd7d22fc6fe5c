// The base of all operations: a task for the shard's thread that owns itself. It is constructed
// on any thread, posted to its shard, and deletes itself once it has answered and the last reply
// that it waits for has come; so callbacks to nodes may hold a plain `this`.
#ifndef KACHE_SERVER_REPLICATION_OPERATION_H_
#define KACHE_SERVER_REPLICATION_OPERATION_H_

#include "server/redis/command.h"
#include "server/redis/event_loop.h"
#include "server/replication/operation_times.h"
#include "server/replication/shard.h"

namespace kache {

class Operation : public redis::Task {
 public:
  explicit Operation(Shard& shard) : shard_(shard) { shard_.OperationStarted(); }
  ~Operation() override { shard_.OperationEnded(); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  // Before it is posted. `times`, unless nullptr, stays until the operation is answered.
  void set_times(OperationTimes* times) { times_ = times; }
  // Before it runs: whose turns its commands take.
  void set_caller(redis::CallerId caller) { caller_ = caller; }

 protected:
  // First thing in Run.
  void Begins() {
    if (times_ != nullptr) times_->begun = CoarseMonotonic();
  }
  Shard& shard() const { return shard_; }
  redis::CallerId caller() const { return caller_; }

 private:
  Shard& shard_;
  OperationTimes* times_ = nullptr;
  redis::CallerId caller_ = redis::kNoCaller;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_OPERATION_H_
