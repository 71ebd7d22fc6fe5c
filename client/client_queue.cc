#include "client/client_queue.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/deferred_wakes.h"

namespace kache {
namespace {

// More events than that don't keep other threads waiting.
constexpr int kEventsPerWake = 32;

const gpr_timespec kNow = gpr_time_0(GPR_CLOCK_MONOTONIC);

}  // namespace

ClientQueue::ClientQueue() : thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "kache-client");
}

void ClientQueue::Stop() {
  if (!thread_.joinable()) return;
  queue_.Shutdown();
  thread_.join();
}

void ClientQueue::Add(ClientWaiter* waiter) {
  const std::lock_guard lock(mutex_);
  waiters_.push_back(waiter);
}

void ClientQueue::Remove(ClientWaiter* waiter) {
  const std::lock_guard lock(mutex_);
  std::erase(waiters_, waiter);
}

void ClientQueue::Run() {
  DeferredWakes wakes;
  void* tag = nullptr;
  bool ok = false;
  for (int events = 0;; ++events) {
    auto next = grpc::CompletionQueue::TIMEOUT;
    if (events < kEventsPerWake) next = queue_.AsyncNext(&tag, &ok, kNow);
    if (next == grpc::CompletionQueue::TIMEOUT) {
      wakes.Flush();
      events = 0;
      AskWaiters();
      next = queue_.AsyncNext(&tag, &ok, WaitEnd());
    }
    if (next == grpc::CompletionQueue::SHUTDOWN) return;
    if (next == grpc::CompletionQueue::GOT_EVENT) static_cast<ClientTag*>(tag)->OnEvent(ok);
  }
}

gpr_timespec ClientQueue::WaitEnd() const {
  if (reasons_.load(std::memory_order_relaxed) == 0) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(kInterval.count(), GPR_TIMESPAN));
}

void ClientQueue::AskWaiters() {
  if (reasons_.load(std::memory_order_relaxed) == 0) return;
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (now - asked_ < kInterval) return;
  asked_ = now;
  const std::lock_guard lock(mutex_);
  for (ClientWaiter* const waiter : waiters_) waiter->SendWaiting(now);
}

}  // namespace kache
