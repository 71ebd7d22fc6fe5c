#include "base/deferred_wakes.h"

#include <cassert>

namespace kache {
namespace {

thread_local DeferredWakes* of_this_thread = nullptr;

}  // namespace

DeferredWakes::DeferredWakes() {
  assert(of_this_thread == nullptr);
  of_this_thread = this;
}

DeferredWakes::~DeferredWakes() {
  Flush();
  of_this_thread = nullptr;
}

void DeferredWakes::Flush() {
  for (const Waiting& waiting : waiting_) waiting.wake(waiting.target);
  waiting_.clear();
}

void DeferredWakes::Wake(void (*wake)(void* target), void* target) {
  if (of_this_thread == nullptr) {
    wake(target);
  } else {
    of_this_thread->waiting_.push_back({wake, target});
  }
}

}  // namespace kache
