// What ThreadSanitizer has to be told of Abseil and gRPC, which the distributions build without it:
// that a lock orders what is done under it, that a batch of a gRPC call is done after it was
// started, and that a channel's change is told after it was asked for. Without this, whatever
// passes from one thread to another by way of gRPC is a race to it.
//
// The functions below are found before the libraries' own by all of the process, gRPC included, and
// call those. Linked into every program of the preset tsan, and into no other. They order no more
// than the libraries do: race_under_grpc.cc sees that a race of ours is still one.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"
#include "grpc/grpc.h"

// Of the sanitizer's run time: what comes before a release is ordered before what comes after a
// later acquire of the same address.
extern "C" {
void __tsan_acquire(void* address);  // NOLINT(bugprone-reserved-identifier)
void __tsan_release(void* address);  // NOLINT(bugprone-reserved-identifier)
}

namespace {

// The library's own function of that name.
template <class Function>
Function* Own(const std::string& symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol.c_str());
  if (found == nullptr) {
    std::fprintf(stderr, "no library has %s\n", symbol.c_str());
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

#define KACHE_TEXT_OF(name) #name
#define KACHE_TEXT(name) KACHE_TEXT_OF(name)

// A member of a class of Abseil's, as the Itanium ABI writes it.
template <class Function>
Function* OwnOfAbseil(std::string_view member) {
  static_assert(ABSL_OPTION_USE_INLINE_NAMESPACE == 1, "the names below count on it");
  const std::string inner = KACHE_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  return Own<Function>("_ZN4absl" + std::to_string(inner.size()) + inner + std::string(member));
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static auto* const own = OwnOfAbseil<void(Mutex*)>("5Mutex4LockEv");
  own(this);
  __tsan_acquire(this);
}

bool Mutex::TryLock() {
  static auto* const own = OwnOfAbseil<bool(Mutex*)>("5Mutex7TryLockEv");
  const bool locked = own(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void Mutex::Unlock() {
  static auto* const own = OwnOfAbseil<void(Mutex*)>("5Mutex6UnlockEv");
  __tsan_release(this);
  own(this);
}

// All waits of a CondVar end up here.
bool CondVar::WaitCommon(Mutex* mutex, synchronization_internal::KernelTimeout timeout) {
  static auto* const own =
      OwnOfAbseil<bool(CondVar*, Mutex*, synchronization_internal::KernelTimeout)>(
          "7CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE");
  __tsan_release(mutex);
  const bool timed_out = own(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

ABSL_NAMESPACE_END
}  // namespace absl

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                      void* reserved) {
  static auto* const own = Own<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return own(call, ops, count, tag, reserved);
}

void grpc_channel_watch_connectivity_state(grpc_channel* channel, grpc_connectivity_state last,
                                           gpr_timespec deadline, grpc_completion_queue* queue,
                                           void* tag) {
  static auto* const own =
      Own<decltype(grpc_channel_watch_connectivity_state)>("grpc_channel_watch_connectivity_state");
  __tsan_release(tag);
  own(channel, last, deadline, queue, tag);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static auto* const own = Own<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = own(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                       gpr_timespec deadline, void* reserved) {
  static auto* const own =
      Own<decltype(grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = own(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // extern "C"
