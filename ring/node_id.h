// What a node is called beside its name: NodeId inside this process, WireNodeId in messages.
#ifndef KACHE_RING_NODE_ID_H_
#define KACHE_RING_NODE_ID_H_

#include <cstdint>
#include <string_view>

namespace kache {

// Names one node inside this process: its index in REDIS_URLS, and in GetStatus's list. Another
// coordinator of the same ring may have another order, so it never leaves the process.
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

// Names one node in messages (`node_id` in kache.proto), the same through every coordinator: the
// low 32 bits of the first half of MurmurHash3 x64-128 of the node's name, seed 0. Every number may
// be one, 0 too. Two names of one ring may not share one (server/config.cc). Pure; O(length). The
// data path takes it from HashRing::WireId, which hashes nothing.
uint32_t WireNodeId(std::string_view name);

}  // namespace kache

#endif  // KACHE_RING_NODE_ID_H_
