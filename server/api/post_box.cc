#include "server/api/post_box.h"

#include <grpc/support/time.h>

#include "base/deferred_wakes.h"

namespace kache {

void PostBox::Post(Posted* work) {
  Posted* newest = newest_.load(std::memory_order_relaxed);
  do {
    work->next_posted_ = newest;
  } while (!newest_.compare_exchange_weak(newest, work, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
  // `work` may be gone by now if the list was not empty.
  if (newest != nullptr) return;
  DeferredWakes::Wake([](void* box) { static_cast<PostBox*>(box)->Wake(); }, this);
}

void PostBox::Wake() { wake_.Set(&queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), &wake_tag_); }

void PostBox::RunLast(Posted* work) {
  work->next_posted_ = last_works_;
  last_works_ = work;
}

void PostBox::RunAll() {
  Posted* newest = newest_.exchange(nullptr, std::memory_order_acq_rel);
  Posted* oldest = nullptr;
  while (newest != nullptr) {
    Posted* const next = newest->next_posted_;
    newest->next_posted_ = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    Posted* const next = oldest->next_posted_;
    oldest->RunPosted();
    oldest = next;
  }
  while (last_works_ != nullptr) {
    Posted* const work = last_works_;
    last_works_ = work->next_posted_;
    work->RunPosted();
  }
}

}  // namespace kache
