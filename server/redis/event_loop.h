// One thread's event loop: libuv behind a small face, so that the rest of the server sees neither
// its types nor its handles.
//
// A task is posted from any thread through a lock-free queue; the loop is woken only when the
// queue was empty, and takes all that is queued in one go. Whatever the tasks and the sockets'
// events of one turn write to a connection leaves in one system call at the end of the turn.
#ifndef KACHE_SERVER_REDIS_EVENT_LOOP_H_
#define KACHE_SERVER_REDIS_EVENT_LOOP_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace kache::redis {

// Work for the loop's thread. Derived classes carry their own data; the queue allocates nothing.
class Task {
 public:
  virtual ~Task() = default;
  // On the loop's thread, once for each Post. May delete this, and may post it again.
  virtual void Run() = 0;

 private:
  friend class EventLoop;
  Task* next_ = nullptr;  // while queued
};

class EventLoop {
 public:
  EventLoop();
  // Requires: Run has returned or was never called, and everything that uses the loop is gone.
  // Queued tasks that never ran are not deleted.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs on the calling thread until Stop.
  void Run();
  // Thread-safe. Run returns after the tasks that were posted before.
  void Stop();

  // Thread-safe. `task` must live until it has run. Unbounded by itself: whoever posts bounds
  // what it has in flight (AdmissionControl does for requests).
  void Post(Task* task);
  // Thread-safe; allocates. For rare events.
  void PostFunction(absl::AnyInvocable<void()> function);

  // True on the thread that is inside Run; also while no thread is (set-up and tear-down).
  bool OnLoopThread() const;

  // The time at the start of this turn of the loop. Loop thread only.
  MonotonicTime Now() const;

  // Calls `function` every `period` until the timer is destroyed. Loop thread only (or before
  // Run). A turn that comes late is called once, not several times.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  std::unique_ptr<Timer> Every(absl::Duration period, absl::AnyInvocable<void()> function);

  // For the connections of this folder.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_EVENT_LOOP_H_
