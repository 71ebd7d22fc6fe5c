// The bytes of requests and answers that all connections of a server hold together, and their
// bound.
//
// Everything is counted before it is kept, and by what it takes of memory, not by its length. A few
// bytes of each connection (kUncountedBytes) are free: they are part of what a connection costs, so
// that small requests touch nothing that threads share.
//
// A part of the bound is kept for requests of at most kSmallBytes (base/byte_budget.h). With large
// requests, the connections of one client address may hold their fair share (base/fair_share.h) of
// the rest. With small ones beside them they may hold their fair share of all, or as much as they
// leave free, whichever is more.
//
// Thread-safe, without a lock.
#ifndef KACHE_HTTP_HELD_BYTES_H_
#define KACHE_HTTP_HELD_BYTES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/byte_budget.h"

namespace kache {

class HeldBytes {
 public:
  static constexpr uint64_t kUncountedBytes = 4 * 1024;
  static constexpr uint64_t kSmallBytes = ByteBudget::kSmallBytes;

  explicit HeldBytes(uint64_t bound) : budget_(static_cast<int64_t>(bound)) {}

  // What all connections of one client address hold.
  struct OfAddress {
    std::atomic<int64_t> bytes = 0;
    std::atomic<int64_t> of_small = 0;  // of these, those of small requests
  };

  // The share of one connection, which only the connection changes. Thread-compatible.
  class Share {
   public:
    explicit Share(HeldBytes& all) : all_(all) {}
    ~Share() { Set(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Before anything is held: whose connection it is. Without, its share is not bounded.
    void BelongTo(std::shared_ptr<OfAddress> address) { address_ = std::move(address); }

    // The connection holds `bytes` now, whether there is room or not.
    void Set(uint64_t bytes);
    // The same, but false, and nothing has changed, where the connection would hold more than
    // before and there is no room. A connection that is alone has room for everything. `expected`:
    // what it is going to hold, as far as that is known; more than kSmallBytes are not small from
    // the start.
    bool TrySet(uint64_t bytes, uint64_t expected = 0);

   private:
    bool IsOverShareOfAddress(int64_t more, bool small) const;
    // It holds `counted` now, as one that is small or not.
    void CountForAddress(int64_t counted, bool small);

    HeldBytes& all_;
    std::shared_ptr<OfAddress> address_;  // shared: with the address's other connections
    int64_t counted_ = 0;
    bool small_ = true;
  };

  uint64_t bytes() const { return static_cast<uint64_t>(budget_.bytes()); }

 private:
  ByteBudget budget_;
};

}  // namespace kache

#endif  // KACHE_HTTP_HELD_BYTES_H_
