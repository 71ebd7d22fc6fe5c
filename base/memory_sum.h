// The sum of everything that bounds a process's memory, part by part, so that it can be told to
// people and compared with a limit.
//
// A value. Thread-compatible.
#ifndef KACHE_BASE_MEMORY_SUM_H_
#define KACHE_BASE_MEMORY_SUM_H_

#include <cstdint>
#include <string>
#include <vector>

namespace kache {

class MemorySum {
 public:
  // `what` is as people are told it: the setting, and what it is multiplied by.
  void Add(std::string what, uint64_t bytes);

  uint64_t bytes() const { return bytes_; }
  // "the process 28.0 MiB + MAX_HTTP_BUFFER_BYTES 128.0 MiB = 156.0 MiB".
  std::string Text() const;

 private:
  struct Part {
    std::string what;
    uint64_t bytes;
  };
  std::vector<Part> parts_;
  uint64_t bytes_ = 0;
};

// Why the start is refused where a sum is above a limit: with the arithmetic.
std::string DoesNotFitText(const MemorySum& sum, uint64_t limit);

}  // namespace kache

#endif  // KACHE_BASE_MEMORY_SUM_H_
