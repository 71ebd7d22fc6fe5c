// Callers that wait until another one has filled a key, or its lease has ended (lease.h). For all
// of a key that one shard has, the record's header is read once every kPollInterval, so that they
// hear of fills through other coordinators, too; then all of them ask for themselves.
//
// Bounded: kMost callers wait at once.
//
// Shard thread only.
#ifndef KACHE_SERVER_REPLICATION_LEASE_WAITS_H_
#define KACHE_SERVER_REPLICATION_LEASE_WAITS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/replication/shard.h"

namespace kache {

class LeaseWaits {
 public:
  static constexpr absl::Duration kPollInterval = absl::Milliseconds(20);
  static constexpr size_t kMost = 10'000;

  // Who waits. Outlives its wait.
  class Waiter {
   public:
    // It does not wait any more: the lease may have ended, or the key may be filled. May end it.
    virtual void AskAgain() = 0;
    // The shard is being stopped. May end it.
    virtual void GiveUp() = 0;

   protected:
    ~Waiter() = default;
  };

  // The shard outlives it.
  explicit LeaseWaits(Shard& shard) : shard_(shard) {}
  ~LeaseWaits();
  LeaseWaits(const LeaseWaits&) = delete;
  LeaseWaits& operator=(const LeaseWaits&) = delete;

  // `holder`: the node with the mark, which lasts `left` still. False: too many wait.
  bool Add(Waiter* waiter, const std::string& redis_key, NodeId holder, absl::Duration left);
  void Remove(Waiter* waiter, const std::string& redis_key);
  size_t waiting() const { return waiting_; }

  // To be called every Shard::kTick.
  void Tick();
  // Nobody waits any more.
  void Clear();

 private:
  struct Key {
    NodeId holder;
    MonotonicTime lease_ends;
    MonotonicTime poll_due;
    uint64_t number = 0;  // tells waits for one key apart, one after another
    bool asked = false;
    std::vector<Waiter*> waiters;
  };
  void Poll(const std::string& redis_key, Key& key);
  void Wake(const std::string& redis_key);

  Shard& shard_;
  std::map<std::string, Key> keys_;
  size_t waiting_ = 0;
  uint64_t next_number_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LEASE_WAITS_H_
