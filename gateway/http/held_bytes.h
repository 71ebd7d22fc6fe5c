// The bytes of requests and answers that all connections of a server hold together, and their
// bound.
//
// Everything is counted before it is kept, and by what it takes of memory, not by its length. A few
// bytes of each connection (kUncountedBytes) are free: they are part of what a connection costs, so
// that small requests touch nothing that threads share.
//
// An eighth of the bound is kept for requests of at most kSmallBytes, so that those who ask for
// little are served while others hold much.
//
// Thread-safe, without a lock.
#ifndef KACHE_GATEWAY_HTTP_HELD_BYTES_H_
#define KACHE_GATEWAY_HTTP_HELD_BYTES_H_

#include <atomic>
#include <cstdint>

namespace kache::gateway {

class HeldBytes {
 public:
  static constexpr uint64_t kUncountedBytes = 4 * 1024;
  static constexpr uint64_t kSmallBytes = 64 * 1024;

  explicit HeldBytes(uint64_t bound) : bound_(bound) {}

  // The share of one connection, which only the connection changes. Thread-compatible.
  class Share {
   public:
    explicit Share(HeldBytes& all) : all_(all) {}
    ~Share() { Set(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // The connection holds `bytes` now, whether there is room or not.
    void Set(uint64_t bytes);
    // The same, but false, and nothing has changed, where the connection would hold more than
    // before and there is no room. A connection that is alone has room for everything.
    bool TrySet(uint64_t bytes);

   private:
    HeldBytes& all_;
    uint64_t counted_ = 0;
  };

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const uint64_t bound_;
  std::atomic<uint64_t> bytes_ = 0;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HTTP_HELD_BYTES_H_
