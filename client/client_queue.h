// A gRPC completion queue and the thread that takes its events: all calls and streams of a lane.
//
// One thread for each queue, and no other in which gRPC waits for sockets: each that waits beside
// it would be woken whenever this one has an event to deal with.
//
// What the events hand to other threads wakes those up once, after the last event that is there
// (DeferredWakes).
//
// Thread-safe.
#ifndef KACHE_CLIENT_CLIENT_QUEUE_H_
#define KACHE_CLIENT_CLIENT_QUEUE_H_

#include <grpc/support/time.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "grpcpp/completion_queue.h"

namespace kache {

// What gRPC is given as the tag of an event.
class ClientTag {
 public:
  // On the queue's thread. May delete this.
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~ClientTag() = default;
};

// Who wants to be asked every now and then whether something has waited for too long.
class ClientWaiter {
 public:
  virtual void SendWaiting(MonotonicTime now) = 0;

 protected:
  ~ClientWaiter() = default;
};

class ClientQueue {
 public:
  // How often waiters are asked, while there is a reason.
  static constexpr std::chrono::milliseconds kInterval{1};

  ClientQueue();
  ~ClientQueue() { Stop(); }
  ClientQueue(const ClientQueue&) = delete;
  ClientQueue& operator=(const ClientQueue&) = delete;

  grpc::CompletionQueue* grpc_queue() { return &queue_; }

  // On the queue's thread, every kInterval while there is a reason, until Remove has returned.
  void Add(ClientWaiter* waiter);
  void Remove(ClientWaiter* waiter);
  // Each reason is ended once. The thread notes it with the next event, which must be to come.
  void BeginReason() { reasons_.fetch_add(1, std::memory_order_relaxed); }
  void EndReason() { reasons_.fetch_sub(1, std::memory_order_relaxed); }

  // Ends the thread; no event may be to come any more. Not on the queue's thread.
  void Stop();

 private:
  void Run();
  gpr_timespec WaitEnd() const;
  void AskWaiters();

  grpc::CompletionQueue queue_;
  std::atomic<int> reasons_ = 0;
  MonotonicTime asked_;  // the thread's own
  std::mutex mutex_;
  std::vector<ClientWaiter*> waiters_;  // under the lock
  std::thread thread_;                  // last: it uses the others
};

}  // namespace kache

#endif  // KACHE_CLIENT_CLIENT_QUEUE_H_
