#include "client/call_list.h"

namespace kache {

bool CallList::Add(CallBase* call) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  call->next_ = first_;
  if (first_ != nullptr) first_->previous_ = call;
  first_ = call;
  return true;
}

void CallList::Remove(CallBase* call) {
  const std::lock_guard lock(mutex_);
  if (call->previous_ != nullptr) {
    call->previous_->next_ = call->next_;
  } else {
    first_ = call->next_;
  }
  if (call->next_ != nullptr) call->next_->previous_ = call->previous_;
  // Under the lock: once it is free, Stop may return and this list be gone.
  if (first_ == nullptr && stopped_) changed_.notify_all();
}

void CallList::Cancel() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  // Under the lock, so that none of them can end meanwhile; a cancelled call ends on a thread of
  // gRPC, never inside Cancel.
  for (CallBase* call = first_; call != nullptr; call = call->next_) call->Cancel();
}

void CallList::Stop() {
  Cancel();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return first_ == nullptr; });
}

}  // namespace kache
