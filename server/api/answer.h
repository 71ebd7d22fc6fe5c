// The way out for one call's answer, as a handler sees it.
#ifndef KACHE_SERVER_API_ANSWER_H_
#define KACHE_SERVER_API_ANSWER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "ring/hash_ring.h"
#include "server/redis/command.h"
#include "server/replication/operation_times.h"

namespace kache {

class Answer {
 public:
  // Sends the response as it stands (OK), or the error alone. Call exactly once, from any thread;
  // request, response and this object may be gone when it returns.
  virtual void Finish(absl::Status status) = 0;

  // For who gathers a large answer piece by piece, before it keeps a piece: the answer is to hold
  // `bytes` more. False: there is no room in the process, and the piece must go. What was taken
  // counts until the answer has left. Any thread, before Finish.
  virtual bool Admits(size_t /*bytes*/) { return true; }

  // What the request counts for in MAX_IN_FLIGHT_BYTES.
  int64_t held_bytes() const { return held_bytes_; }

  // Where the operation is to note its times; nullptr = nobody asks for them.
  OperationTimes* times() { return timed_ ? &times_ : nullptr; }

  // Becomes true once nobody waits for the answer any more; nullptr = that is not known.
  // Thread-safe; until Finish is called.
  const std::atomic<bool>* cancelled() const { return cancelled_; }

  // Whose turns its commands take: the connection's (connection_shares.h).
  redis::CallerId caller() const { return caller_; }

  // Whose nodes the answer names. Outlives the call.
  const HashRing& ring() const { return *ring_; }

 protected:
  ~Answer() = default;

  // All are set before the handler is called.
  bool timed_ = false;
  const std::atomic<bool>* cancelled_ = nullptr;
  const HashRing* ring_ = nullptr;
  int64_t held_bytes_ = 0;
  redis::CallerId caller_ = redis::kNoCaller;

  OperationTimes times_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_ANSWER_H_
