// How many bytes this thread has allocated and not freed, as they were asked for: what is held, for
// fuzzers that compare it with what was counted. Needs AddressSanitizer, as the fuzz preset has it.
//
//   const int64_t before = AllocatedBytes();
//   ... Require(AllocatedBytes() - before <= counted);
#ifndef KACHE_TESTS_FUZZ_ALLOCATED_BYTES_H_
#define KACHE_TESTS_FUZZ_ALLOCATED_BYTES_H_

#include <sanitizer/allocator_interface.h>

#include <cstddef>
#include <cstdint>

namespace kache {

inline thread_local int64_t allocated_bytes = 0;

inline int64_t AllocatedBytes() {
  static const bool counting = [] {
    __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void*, size_t bytes) { allocated_bytes += static_cast<int64_t>(bytes); },
        [](const volatile void* freed) {
          if (freed == nullptr) return;
          allocated_bytes -=
              static_cast<int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(freed)));
        });
    return true;
  }();
  return counting ? allocated_bytes : 0;
}

}  // namespace kache

#endif  // KACHE_TESTS_FUZZ_ALLOCATED_BYTES_H_
