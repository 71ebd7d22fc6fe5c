// Names one Redis server inside this process: its index in REDIS_URLS, and in GetStatus's list.
#ifndef KACHE_RING_NODE_ID_H_
#define KACHE_RING_NODE_ID_H_

#include <cstdint>

namespace kache {

class NodeId {
 public:
  constexpr NodeId() = default;
  explicit constexpr NodeId(uint16_t index) : index_(index) {}
  constexpr uint16_t index() const { return index_; }
  friend constexpr bool operator==(NodeId, NodeId) = default;
  friend constexpr auto operator<=>(NodeId, NodeId) = default;

 private:
  uint16_t index_ = 0;
};

}  // namespace kache

#endif  // KACHE_RING_NODE_ID_H_
