#include "server/api/call_queue.h"

#include <grpc/support/time.h>
#include <pthread.h>
#include <time.h>

#include <chrono>
#include <utility>

namespace kache {
namespace {

// More events than that don't keep the shards waiting.
constexpr size_t kEventsPerWake = 32;

}  // namespace

CallQueue::CallQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)), box_(*queue_) {}

CallQueue::~CallQueue() {
  if (!closed_.HasBeenNotified()) {  // never started: gRPC wants its queues drained all the same
    queue_->Shutdown();
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) {
    }
  }
}

void CallQueue::Start(const std::string& name) {
  standstills_ = StandstillWatch(std::chrono::steady_clock::now());
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

void CallQueue::Close() {
  closing_alarm_.Set(queue_.get(), gpr_time_0(GPR_CLOCK_MONOTONIC), &closing_tag_);
  closed_.WaitForNotification();
}

void CallQueue::Join() { thread_.join(); }

void CallQueue::RemoveCall() {
  if (--calls_ == 0) queue_->Shutdown();
}

void CallQueue::ClosingTag::OnEvent(bool) {
  queue_.closed_.Notify();
  queue_.RemoveCall();
}

void CallQueue::Run() {
  running_thread_ = std::this_thread::get_id();
  DeferredWakes wakes;
  void* tag;
  bool ok;
  while (NextEvent(&tag, &ok, wakes)) {
    CountTurn();
    static_cast<CallTag*>(tag)->OnEvent(ok);
  }
}

QueueWork CallQueue::work() {
  QueueWork work;
  work.turns = turns_.load(std::memory_order_relaxed);
  clockid_t clock{};
  timespec used{};
  if (pthread_getcpuclockid(thread_.native_handle(), &clock) == 0 &&
      clock_gettime(clock, &used) == 0) {
    work.cpu = std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  return work;
}

bool CallQueue::NextEvent(void** tag, bool* ok, DeferredWakes& wakes) {
  // A call that is alone has nothing to wait for. Streams are not counted there.
  if (serving() != 1 && events_unwoken_ < kEventsPerWake) {
    const auto next = queue_->AsyncNext(tag, ok, gpr_time_0(GPR_CLOCK_MONOTONIC));
    ++events_unwoken_;
    if (next == grpc::CompletionQueue::GOT_EVENT) return true;
    if (next == grpc::CompletionQueue::SHUTDOWN) return false;
  }
  wakes.Flush();
  events_unwoken_ = 0;
  // By the thread's own waiting: a timer of gRPC's may be late while the thread runs.
  while (true) {
    const gpr_timespec interval =
        gpr_time_from_millis(StandstillWatch::kInterval.count(), GPR_TIMESPAN);
    const auto next =
        queue_->AsyncNext(tag, ok, gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), interval));
    CountTurn();
    standstills_.Tick(std::chrono::steady_clock::now());
    if (next != grpc::CompletionQueue::TIMEOUT) return next == grpc::CompletionQueue::GOT_EVENT;
  }
}

}  // namespace kache
