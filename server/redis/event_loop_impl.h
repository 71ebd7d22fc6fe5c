// The inside of EventLoop, for this folder's connections only: libuv's loop, the end of a turn,
// and the tick that watches over deadlines.
//
// Loop thread only, Post excepted.
#ifndef KACHE_SERVER_REDIS_EVENT_LOOP_IMPL_H_
#define KACHE_SERVER_REDIS_EVENT_LOOP_IMPL_H_

#include <uv.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/deferred_wakes.h"
#include "server/redis/event_loop.h"

namespace kache::redis {

// What lives on a loop. It must leave (Impl::Leave) before it is destroyed.
class LoopMember {
 public:
  // The turn ends: send what was gathered. Called once after CallAtTurnEnd.
  virtual void OnTurnEnd() = 0;
  // The loop was held up (this process was stopped or starved) for that long beyond a tick's time,
  // until `now`. What the member waits for may have begun since. Called for all members before any
  // OnTick.
  virtual void OnLate(std::chrono::nanoseconds delay, MonotonicTime now) = 0;
  // Every kTick, with a moment up to which all bytes that came were read: what is missing then is
  // truly missing.
  virtual void OnTick(MonotonicTime now) = 0;

 protected:
  ~LoopMember() = default;

 private:
  friend struct EventLoop::Impl;
  bool at_turn_end_ = false;
  bool ticking_ = false;
};

// Runs a function after a while, once or again and again. Stops when destroyed.
class LoopTimer {
 public:
  explicit LoopTimer(EventLoop::Impl& loop);
  ~LoopTimer();
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  // Forgets an earlier start. Times are rounded up to whole milliseconds. A zero `period` = once.
  void Start(absl::Duration delay, absl::Duration period, absl::AnyInvocable<void()> function);
  void Stop();

 private:
  struct Handle {  // lives on until libuv has closed it
    void Call();
    uv_timer_t timer;
    absl::AnyInvocable<void()> function;
  };
  Handle* handle_;
};

struct EventLoop::Impl {
  static constexpr std::chrono::milliseconds kTick{5};
  static constexpr size_t kReadBytes = size_t{64} << 10;

  Impl();
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Post(Task* task);
  MonotonicTime Now();

  void CallAtTurnEnd(LoopMember& member);
  // Idempotent. The first tick comes within kTick.
  void StartTicks(LoopMember& member);
  void StopTicks(LoopMember& member);
  void Leave(LoopMember& member);

  uv_loop_t loop;
  std::atomic<std::thread::id> running_thread{};
  std::optional<DeferredWakes> wakes;        // of the running thread, flushed before the poll
  std::array<char, kReadBytes> read_buffer;  // one read at a time, used up at once

 private:
  void RunPosted();
  void EndTurn();
  void BeforePoll();
  void AfterPoll();
  void TickAll();
  void DeletePostedFunctions();

  uv_async_t wake_;
  uv_prepare_t before_poll_;
  uv_check_t after_poll_;
  uv_idle_t no_sleep_;  // while active, the poll does not block
  uv_timer_t tick_;
  std::atomic<Task*> posted_{nullptr};  // newest first
  std::vector<LoopMember*> turn_end_;   // null: has left
  std::vector<LoopMember*> ticking_;    // null: has stopped or left
  size_t ticking_count_ = 0;
  std::optional<MonotonicTime> due_tick_;  // when it became due: before the poll that it waits for
  MonotonicTime last_tick_;
  std::optional<MonotonicTime> now_;  // of this turn, once asked for
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_EVENT_LOOP_IMPL_H_
