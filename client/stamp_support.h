// Which coordinators keep the stamps that they are given, as their answers show. One of an earlier
// release ignores stamps: what it was sent must not be sent again, unless it is certain that
// nothing was done. Until an answer shows that, a coordinator counts as one that keeps them.
//
// By the index of a server in ServerSet. Where several coordinators stand behind one address, the
// last answer of any counts.
//
// Thread-safe, without locks.
#ifndef KACHE_CLIENT_STAMP_SUPPORT_H_
#define KACHE_CLIENT_STAMP_SUPPORT_H_

#include <atomic>
#include <cstddef>
#include <vector>

namespace kache {

class StampSupport {
 public:
  explicit StampSupport(size_t servers) : ignores_(servers) {}

  void Note(size_t server, bool keeps_stamps) {
    if (Ignores(server) == keeps_stamps) {
      ignores_[server].store(!keeps_stamps, std::memory_order_relaxed);
    }
  }
  bool Ignores(size_t server) const { return ignores_[server].load(std::memory_order_relaxed); }

 private:
  std::vector<std::atomic<bool>> ignores_;
};

}  // namespace kache

#endif  // KACHE_CLIENT_STAMP_SUPPORT_H_
