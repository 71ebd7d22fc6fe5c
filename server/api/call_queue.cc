#include "server/api/call_queue.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <utility>

namespace kache {

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
  void* tag;
  bool ok;
  while (queue_->Next(&tag, &ok)) static_cast<CallTag*>(tag)->OnEvent(ok);
}

}  // namespace kache
