// One gRPC completion queue and the thread that takes its events.
//
// Life: AddCall for everything that waits on the queue; Start; ...; the gRPC server shuts down,
// which makes every waiting accept fail; Close; Join. The queue shuts itself down once it is closed
// and its last call is gone, never before: gRPC aborts the process when a call is finished on a
// queue that was shut down.
#ifndef KACHE_SERVER_API_CALL_QUEUE_H_
#define KACHE_SERVER_API_CALL_QUEUE_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/deferred_wakes.h"
#include "base/notification.h"
#include "server/api/call_tag.h"
#include "server/api/capture_watch.h"
#include "server/api/post_box.h"
#include "server/api/standstill_watch.h"
#include "server/api/waiting_calls.h"

namespace kache {

class CallQueue {
 public:
  explicit CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  // Requires: never started, or joined.
  ~CallQueue();

  // `name` is the thread's, at most 15 bytes.
  void Start(const std::string& name);

  // Returns when every event that came before is dealt with. Thread-safe; call it once.
  void Close();

  // Returns when the last call is gone. Requires Close before.
  void Join();

  // A call waits on this queue, from its accept to its last event. On the queue's thread, or before
  // Start.
  void AddCall() { ++calls_; }
  void RemoveCall();

  // That unary calls of a method wait on this queue: for WaitingCalls. Before Start.
  void AddWaiting(WaitingMethod method) { waiting_.push_back(std::move(method)); }
  const std::vector<WaitingMethod>& waiting() const { return waiting_; }

  // Hands `work` to the queue's thread. Thread-safe. Requires: a call that waits on this queue, and
  // goes on doing so until the work has run.
  void Post(Posted* work) { box_.Post(work); }
  // As PostBox::RunLast.
  void RunLast(Posted* work) { box_.RunLast(work); }

  // Calls being served: begun, and not over. The queue's thread only.
  void CallBegins() { serving_.store(serving() + 1, std::memory_order_relaxed); }
  void CallEnds() { serving_.store(serving() - 1, std::memory_order_relaxed); }
  // Thread-safe; may be out of date at once.
  size_t serving() const { return serving_.load(std::memory_order_relaxed); }
  // How long a call that was read at `now` may have lain unread in its socket. The queue's thread
  // only.
  MonotonicTime::duration UnreadFor(MonotonicTime now) const { return standstills_.UnreadFor(now); }
  // Of its thread. Thread-safe, from Start to Join.
  QueueWork work();
  bool OnThread() const { return std::this_thread::get_id() == running_thread_.load(); }

  grpc::ServerCompletionQueue* grpc_queue() { return queue_.get(); }

 private:
  class ClosingTag final : public CallTag {
   public:
    explicit ClosingTag(CallQueue& queue) : queue_(queue) {}
    void OnEvent(bool ok) override;

   private:
    CallQueue& queue_;
  };

  void Run();
  // Blocks until an event comes; false once the queue has shut down. Wakes the shards for what the
  // events before have posted to them, as soon as no further event is there.
  bool NextEvent(void** tag, bool* ok, DeferredWakes& wakes);

  // The thread has come back from gRPC.
  void CountTurn() {
    turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  PostBox box_;
  std::vector<WaitingMethod> waiting_;
  size_t calls_ = 1;           // one for not being closed
  size_t events_unwoken_ = 0;  // since the shards were woken
  std::atomic<size_t> serving_{0};
  std::atomic<uint64_t> turns_{0};
  std::atomic<std::thread::id> running_thread_{};
  StandstillWatch standstills_{MonotonicTime()};
  ClosingTag closing_tag_{*this};
  grpc::Alarm closing_alarm_;
  Notification closed_;
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_QUEUE_H_
