#include "gateway/upstream/call.h"

namespace kache::gateway {

bool CallList::Add(CallBase* call) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return false;
  call->next_ = first_;
  if (first_ != nullptr) first_->previous_ = call;
  first_ = call;
  return true;
}

void CallList::Remove(CallBase* call) {
  absl::MutexLock lock(&mutex_);
  if (call->previous_ != nullptr) {
    call->previous_->next_ = call->next_;
  } else {
    first_ = call->next_;
  }
  if (call->next_ != nullptr) call->next_->previous_ = call->previous_;
}

void CallList::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  // Under the lock, so that none of them can end meanwhile; a cancelled call ends on a thread of
  // gRPC, never inside Cancel.
  for (CallBase* call = first_; call != nullptr; call = call->next_) call->Cancel();
  mutex_.Await(absl::Condition(this, &CallList::Empty));
}

}  // namespace kache::gateway
