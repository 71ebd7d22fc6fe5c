// The consistent-hash ring: which servers hold a key. Every server stands on the ring with
// `vnodes_per_node` virtual nodes; a key belongs to the nearest virtual node clockwise, and its
// preference list is the distinct servers met walking on (Karger et al., "Consistent Hashing and
// Random Trees", 1997; DeCandia et al., "Dynamo", 2007, section 4.2).
//
//   HashRing ring({"cache-a", "cache-b", "cache-c"}, 100);
//   PreferenceList homes = ring.Preference(HashRing::Token("user:1"), 3);
//
// Placement depends on the names, the number of virtual nodes and the key only: not on the order
// of the names, the process or the platform. tests/unit/ring/placement.golden fixes it for ever.
//
// Immutable, so thread-safe. No I/O, no errors at run time.
#ifndef KACHE_RING_HASH_RING_H_
#define KACHE_RING_HASH_RING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "ring/node_id.h"

namespace kache {

// Distinct nodes, nearest first.
using PreferenceList = absl::InlinedVector<NodeId, 8>;

class HashRing {
 public:
  // Requires: names are distinct and not empty, at most 65,535; vnodes_per_node >= 1.
  // NodeId(i) stands for names[i]. O(n log n) for n = names x vnodes_per_node.
  HashRing(std::vector<std::string> names, uint32_t vnodes_per_node);

  // A ring whose virtual nodes stand where the caller says: those of names[i] at tokens[i]. Lets
  // tests show what chance won't: ties, the ends of the token space, crowded slices.
  // Requires: as above; one list of tokens for each name, all of one length >= 1.
  static HashRing AtTokens(std::vector<std::string> names,
                           const std::vector<std::vector<uint64_t>>& tokens);

  // A key's place on the ring: the first 64 bits of MurmurHash3 x64-128 with seed 0.
  static uint64_t Token(std::string_view key);

  // The first min(count, nodes) servers of the key's preference list. The virtual node that is
  // searched is the first whose token is >= `token`, wrapping round at the end. Virtual node `i`
  // of a server has the token of "<name>#<i>" (a name holds no '#', so no two are alike); where
  // two tokens are equal the smaller name comes first. O(1) on average, plus the walk: a step or
  // two more than `count` unless that is close to the number of nodes. Allocates only for a
  // count above 8.
  PreferenceList Preference(uint64_t token, size_t count) const;

  size_t nodes() const { return names_.size(); }
  uint32_t vnodes_per_node() const { return vnodes_per_node_; }
  const std::vector<std::string>& names() const { return names_; }

  // WireNodeId of the node's name: what answers call it.
  uint32_t WireId(NodeId node) const { return wire_ids_[node.index()]; }

  struct VirtualNode {
    uint64_t token;
    NodeId node;
  };
  // All of them by token, then by name.
  const std::vector<VirtualNode>& virtual_nodes() const { return vnodes_; }

  // The part of the token space whose keys belong to `node` first; all nodes' add up to 1.
  double Share(NodeId node) const { return shares_[node.index()]; }

  // Tells two rings apart: a hash of the sorted names, the virtual nodes per node and the
  // replication factor, so the order of the names has no part in it. docs/ring.md says how it is
  // made.
  uint64_t Fingerprint(uint32_t replication_factor) const;

 private:
  HashRing(std::vector<std::string> names, uint32_t vnodes_per_node,
           std::vector<VirtualNode> vnodes);
  // The rest of each constructor, in this order.
  void Complete();
  void HashNames();
  void SortVirtualNodes();
  void MeasureShares();
  void CutSlices();
  // Index of the first virtual node at or after `token`, wrapped.
  size_t FirstAtOrAfter(uint64_t token) const;
  // The first `wanted` distinct nodes from virtual node `vnode` on; 1 <= wanted <= nodes.
  PreferenceList ShortWalk(size_t vnode, size_t wanted) const;
  PreferenceList LongWalk(size_t vnode, size_t wanted) const;

  std::vector<std::string> names_;
  uint32_t vnodes_per_node_;
  std::vector<VirtualNode> vnodes_;
  std::vector<uint32_t> wire_ids_;  // by NodeId
  std::vector<double> shares_;      // by NodeId
  // Where each equal slice of the token space starts in vnodes_: tokens are uniform, so a lookup
  // reads one entry here and walks a step or two, instead of a binary search.
  std::vector<uint32_t> slices_;
  uint32_t slice_shift_ = 0;  // a token's slice is token >> slice_shift_
};

}  // namespace kache

#endif  // KACHE_RING_HASH_RING_H_
