#include "server/redis/event_loop.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "server/redis/event_loop_impl.h"

namespace kache::redis {
namespace {

// Retries that fail at once can fill the end of a turn again and again: after so many rounds the
// sockets get their turn.
constexpr int kMaxRoundsAtTurnEnd = 16;

void Require(int uv_result, const char* what) {
  if (uv_result == 0) return;
  spdlog::critical("the event loop can't be made step={} error=\"{}\"", what,
                   uv_strerror(uv_result));
  std::abort();
}

void SendAsync(void* async) { uv_async_send(static_cast<uv_async_t*>(async)); }

class FunctionTask final : public Task {
 public:
  explicit FunctionTask(absl::AnyInvocable<void()> function) : function_(std::move(function)) {}
  void Run() override {
    std::unique_ptr<FunctionTask> self(this);
    function_();
  }

 private:
  absl::AnyInvocable<void()> function_;
};

class LoopPeriodicTimer final : public EventLoop::Timer {
 public:
  LoopPeriodicTimer(EventLoop::Impl& loop, absl::Duration period,
                    absl::AnyInvocable<void()> function)
      : timer_(loop) {
    timer_.Start(period, period, std::move(function));
  }

 private:
  LoopTimer timer_;
};

uint64_t WholeMilliseconds(absl::Duration duration) {
  const int64_t ms = absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)));
  return static_cast<uint64_t>(std::max<int64_t>(ms, 0));
}

}  // namespace

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() {
  impl_->running_thread = std::this_thread::get_id();
  impl_->wakes.emplace();
  uv_run(&impl_->loop, UV_RUN_DEFAULT);
  impl_->wakes.reset();
  impl_->running_thread = std::thread::id();
}

void EventLoop::Stop() {
  PostFunction([this] { uv_stop(&impl_->loop); });
}

void EventLoop::Post(Task* task) { impl_->Post(task); }

void EventLoop::PostFunction(absl::AnyInvocable<void()> function) {
  impl_->Post(new FunctionTask(std::move(function)));  // deletes itself when run
}

bool EventLoop::OnLoopThread() const {
  const std::thread::id running = impl_->running_thread;
  return running == std::thread::id() || running == std::this_thread::get_id();
}

MonotonicTime EventLoop::Now() const { return impl_->Now(); }

std::unique_ptr<EventLoop::Timer> EventLoop::Every(absl::Duration period,
                                                   absl::AnyInvocable<void()> function) {
  assert(OnLoopThread());
  period = std::max(period, absl::Milliseconds(1));
  return std::make_unique<LoopPeriodicTimer>(*impl_, period, std::move(function));
}

EventLoop::Impl::Impl() {
  // A write to a connection that the other end has closed is an error, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  Require(uv_loop_init(&loop), "loop");
  Require(uv_async_init(&loop, &wake_,
                        [](uv_async_t* handle) { static_cast<Impl*>(handle->data)->RunPosted(); }),
          "async");
  uv_prepare_init(&loop, &before_poll_);
  uv_check_init(&loop, &after_poll_);
  uv_idle_init(&loop, &no_sleep_);
  uv_timer_init(&loop, &tick_);
  wake_.data = before_poll_.data = after_poll_.data = tick_.data = this;
  uv_prepare_start(&before_poll_,
                   [](uv_prepare_t* handle) { static_cast<Impl*>(handle->data)->BeforePoll(); });
  uv_check_start(&after_poll_,
                 [](uv_check_t* handle) { static_cast<Impl*>(handle->data)->AfterPoll(); });
}

EventLoop::Impl::~Impl() {
  DeletePostedFunctions();
  // Sockets and timers of the members are closing already; these are ours.
  for (uv_handle_t* handle :
       {reinterpret_cast<uv_handle_t*>(&wake_), reinterpret_cast<uv_handle_t*>(&before_poll_),
        reinterpret_cast<uv_handle_t*>(&after_poll_), reinterpret_cast<uv_handle_t*>(&no_sleep_),
        reinterpret_cast<uv_handle_t*>(&tick_)}) {
    uv_close(handle, nullptr);
  }
  // Ends once all are closed; a name look-up under way is waited for (it can't be cut short).
  uv_run(&loop, UV_RUN_DEFAULT);
  Require(uv_loop_close(&loop), "close");
}

void EventLoop::Impl::Post(Task* task) {
  Task* newest = posted_.load(std::memory_order_relaxed);
  do {
    task->next_ = newest;
  } while (!posted_.compare_exchange_weak(newest, task, std::memory_order_release,
                                          std::memory_order_relaxed));
  if (newest == nullptr) DeferredWakes::Wake(SendAsync, &wake_);
}

void EventLoop::Impl::RunPosted() {
  Task* newest = posted_.exchange(nullptr, std::memory_order_acquire);
  Task* oldest = nullptr;
  while (newest != nullptr) {
    Task* older = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = older;
  }
  while (oldest != nullptr) {
    Task* task = oldest;
    oldest = task->next_;  // read first: Run may delete the task or post it again
    task->Run();
  }
}

void EventLoop::Impl::DeletePostedFunctions() {
  Task* task = posted_.exchange(nullptr, std::memory_order_acquire);
  while (task != nullptr) {
    Task* older = task->next_;
    delete dynamic_cast<FunctionTask*>(task);
    task = older;
  }
}

MonotonicTime EventLoop::Impl::Now() {
  if (running_thread.load(std::memory_order_relaxed) == std::thread::id()) {
    return std::chrono::steady_clock::now();
  }
  if (!now_) now_ = std::chrono::steady_clock::now();
  return *now_;
}

void EventLoop::Impl::CallAtTurnEnd(LoopMember& member) {
  if (member.at_turn_end_) return;
  member.at_turn_end_ = true;
  turn_end_.push_back(&member);
}

void EventLoop::Impl::EndTurn() {
  for (int round = 0; round < kMaxRoundsAtTurnEnd && !turn_end_.empty(); ++round) {
    const size_t count = turn_end_.size();  // members may add themselves again behind these
    for (size_t i = 0; i < count; ++i) {
      LoopMember* member = turn_end_[i];
      if (member == nullptr) continue;
      turn_end_[i] = nullptr;
      member->at_turn_end_ = false;
      member->OnTurnEnd();
    }
    turn_end_.erase(turn_end_.begin(), turn_end_.begin() + static_cast<ptrdiff_t>(count));
  }
}

void EventLoop::Impl::BeforePoll() {
  EndTurn();
  if (wakes) wakes->Flush();
  if (due_tick_ || !turn_end_.empty()) {
    uv_idle_start(&no_sleep_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&no_sleep_);
  }
  now_.reset();
}

void EventLoop::Impl::AfterPoll() {
  if (due_tick_) TickAll();
  EndTurn();
  now_.reset();
}

void EventLoop::Impl::StartTicks(LoopMember& member) {
  if (member.ticking_) return;
  member.ticking_ = true;
  ticking_.push_back(&member);
  if (++ticking_count_ > 1) return;
  last_tick_ = Now();
  // The timer only announces the tick: timers run before the poll, ticks after it.
  const auto tick_ms = static_cast<uint64_t>(kTick.count());
  uv_timer_start(
      &tick_,
      [](uv_timer_t* timer) {
        static_cast<Impl*>(timer->data)->due_tick_ = std::chrono::steady_clock::now();
      },
      tick_ms, tick_ms);
}

void EventLoop::Impl::StopTicks(LoopMember& member) {
  if (!member.ticking_) return;
  member.ticking_ = false;
  std::ranges::replace(ticking_, &member, nullptr);
  if (--ticking_count_ > 0) return;
  uv_timer_stop(&tick_);
  due_tick_.reset();
}

void EventLoop::Impl::TickAll() {
  // Not later: what came while the poll's callbacks ran is not read yet.
  const MonotonicTime now = *std::exchange(due_tick_, std::nullopt);
  const auto late = now - last_tick_ - kTick;
  last_tick_ = now;
  const size_t count = ticking_.size();
  for (size_t i = 0; late > 2 * kTick && i < count; ++i) {
    if (ticking_[i] != nullptr) ticking_[i]->OnLate(late, now);
  }
  for (size_t i = 0; i < count; ++i) {
    if (ticking_[i] != nullptr) ticking_[i]->OnTick(now);
  }
  std::erase(ticking_, nullptr);
}

void EventLoop::Impl::Leave(LoopMember& member) {
  StopTicks(member);
  if (!member.at_turn_end_) return;
  member.at_turn_end_ = false;
  std::ranges::replace(turn_end_, &member, nullptr);
}

LoopTimer::LoopTimer(EventLoop::Impl& loop) : handle_(new Handle) {
  uv_timer_init(&loop.loop, &handle_->timer);
  handle_->timer.data = handle_;
}

LoopTimer::~LoopTimer() {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->timer),
           [](uv_handle_t* handle) { delete static_cast<Handle*>(handle->data); });
}

void LoopTimer::Start(absl::Duration delay, absl::Duration period,
                      absl::AnyInvocable<void()> function) {
  handle_->function = std::move(function);
  uv_update_time(handle_->timer.loop);  // the loop's idea of now may be a long turn old
  uv_timer_start(
      &handle_->timer, [](uv_timer_t* timer) { static_cast<Handle*>(timer->data)->Call(); },
      WholeMilliseconds(delay), WholeMilliseconds(period));
}

void LoopTimer::Handle::Call() {
  // Out of the handle while it runs: it may start the timer anew, or destroy it.
  absl::AnyInvocable<void()> running = std::exchange(function, nullptr);
  running();
  if (function == nullptr) function = std::move(running);
}

void LoopTimer::Stop() { uv_timer_stop(&handle_->timer); }

}  // namespace kache::redis
