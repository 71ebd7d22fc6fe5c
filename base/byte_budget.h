// Bytes that a process holds for its callers, and their bound: those who want to hold more ask
// first, and are refused where there is no room.
//
//   if (!budget.Admit(bytes)) return NoRoom();
//   ...
//   budget.Release(bytes);
//
// An eighth of the bound is kept for requests of at most kSmallBytes, so that those who ask for
// little are served while others hold much. Whoever is alone has room for anything, so that nothing
// is refused for ever.
//
// Thread-safe, without a lock.
#ifndef KACHE_BASE_BYTE_BUDGET_H_
#define KACHE_BASE_BYTE_BUDGET_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "prometheus/counter.h"

namespace kache {

class ByteBudget {
 public:
  static constexpr int64_t kSmallBytes = int64_t{64} << 10;

  // `refusals` counts them, and outlives this object; nullptr = nobody counts.
  explicit ByteBudget(int64_t bound, prometheus::Counter* refusals = nullptr)
      : bound_(bound), refusals_(refusals) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // True: the bytes count until they are released. `own`: what the same request holds already, at
  // most; it is alone where nobody holds more than that. `size`: how large the request is, where
  // that is not `own` + `bytes`: a large one is not small at its first bytes, nor is a small one
  // large for what it takes beside its bytes.
  bool Admit(int64_t bytes, int64_t own = 0, int64_t size = 0);
  // The bytes count until they are released, whether there is room or not.
  void Count(int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(int64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Releases the bytes, which count already, when the last copy goes. The budget outlives it.
  using Hold = std::shared_ptr<const void>;
  Hold HoldUntilGone(int64_t bytes);

  int64_t bound() const { return bound_; }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const int64_t bound_;
  std::atomic<int64_t> bytes_{0};
  prometheus::Counter* const refusals_;
};

}  // namespace kache

#endif  // KACHE_BASE_BYTE_BUDGET_H_
