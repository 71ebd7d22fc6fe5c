#include "ring/hash_ring.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ring/murmur3.h"

namespace kache {
namespace {

constexpr double kTokenSpace = 0x1p64;

// Up to here a look at the whole list is quicker than a set of the nodes met (measured).
constexpr size_t kShortList = 8;

// Which nodes a walk has met, one bit each.
class NodeSet {
 public:
  explicit NodeSet(size_t nodes) : words_((nodes + 63) / 64, 0) {}

  // False when it was there already.
  bool Insert(NodeId node) {
    uint64_t& word = words_[node.index() / 64];
    const uint64_t bit = uint64_t{1} << (node.index() % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    return true;
  }

 private:
  absl::InlinedVector<uint64_t, 4> words_;
};

bool Contains(const PreferenceList& list, NodeId node) {
  bool contains = false;
  for (const NodeId met : list) contains |= met == node;  // no branch to mispredict
  return contains;
}

std::vector<HashRing::VirtualNode> HashedVirtualNodes(const std::vector<std::string>& names,
                                                      uint32_t vnodes_per_node) {
  std::vector<HashRing::VirtualNode> vnodes;
  vnodes.reserve(names.size() * vnodes_per_node);
  for (size_t n = 0; n < names.size(); ++n) {
    for (uint32_t i = 0; i < vnodes_per_node; ++i) {
      const std::string vnode_name = absl::StrCat(names[n], "#", i);
      vnodes.push_back({HashRing::Token(vnode_name), NodeId(static_cast<uint16_t>(n))});
    }
  }
  return vnodes;
}

std::vector<HashRing::VirtualNode> GivenVirtualNodes(
    const std::vector<std::vector<uint64_t>>& tokens) {
  std::vector<HashRing::VirtualNode> vnodes;
  for (size_t n = 0; n < tokens.size(); ++n) {
    for (const uint64_t token : tokens[n]) {
      vnodes.push_back({token, NodeId(static_cast<uint16_t>(n))});
    }
  }
  return vnodes;
}

}  // namespace

HashRing::HashRing(std::vector<std::string> names, uint32_t vnodes_per_node)
    : names_(std::move(names)),
      vnodes_per_node_(vnodes_per_node),
      vnodes_(HashedVirtualNodes(names_, vnodes_per_node)) {
  Complete();
}

HashRing HashRing::AtTokens(std::vector<std::string> names,
                            const std::vector<std::vector<uint64_t>>& tokens) {
  const size_t vnodes_per_node = tokens.empty() ? 1 : tokens.front().size();
  return HashRing(std::move(names), static_cast<uint32_t>(vnodes_per_node),
                  GivenVirtualNodes(tokens));
}

HashRing::HashRing(std::vector<std::string> names, uint32_t vnodes_per_node,
                   std::vector<VirtualNode> vnodes)
    : names_(std::move(names)), vnodes_per_node_(vnodes_per_node), vnodes_(std::move(vnodes)) {
  Complete();
}

void HashRing::Complete() {
  HashNames();
  SortVirtualNodes();
  MeasureShares();
  CutSlices();
}

void HashRing::HashNames() {
  wire_ids_.reserve(names_.size());
  for (const std::string& name : names_) wire_ids_.push_back(WireNodeId(name));
}

void HashRing::SortVirtualNodes() {
  std::sort(vnodes_.begin(), vnodes_.end(), [this](const VirtualNode& a, const VirtualNode& b) {
    if (a.token != b.token) return a.token < b.token;
    return names_[a.node.index()] < names_[b.node.index()];
  });
}

void HashRing::MeasureShares() {
  shares_.assign(names_.size(), 0.0);
  if (vnodes_.empty()) return;
  if (vnodes_.front().token == vnodes_.back().token) {
    // The only arc is the whole circle, which no 64-bit difference can hold.
    shares_[vnodes_.front().node.index()] = 1.0;
    return;
  }
  uint64_t previous = vnodes_.back().token;
  for (const VirtualNode& vnode : vnodes_) {
    const uint64_t arc = vnode.token - previous;  // wraps round for the first
    shares_[vnode.node.index()] += static_cast<double>(arc) / kTokenSpace;
    previous = vnode.token;
  }
}

void HashRing::CutSlices() {
  // At least as many slices as virtual nodes, so that a slice holds one or none on average; and
  // at least two, since a shift by all 64 bits is undefined.
  const size_t count = std::max<size_t>(2, std::bit_ceil(vnodes_.size()));
  slice_shift_ = static_cast<uint32_t>(64 - std::countr_zero(count));
  slices_.resize(count);
  uint32_t vnode = 0;
  for (size_t slice = 0; slice < count; ++slice) {
    const uint64_t start = static_cast<uint64_t>(slice) << slice_shift_;
    while (vnode < vnodes_.size() && vnodes_[vnode].token < start) ++vnode;
    slices_[slice] = vnode;
  }
}

uint64_t HashRing::Token(std::string_view key) { return Murmur3X64_128(key, 0).first; }

size_t HashRing::FirstAtOrAfter(uint64_t token) const {
  size_t vnode = slices_[token >> slice_shift_];
  while (vnode < vnodes_.size() && vnodes_[vnode].token < token) ++vnode;
  return vnode < vnodes_.size() ? vnode : 0;
}

PreferenceList HashRing::Preference(uint64_t token, size_t count) const {
  const size_t wanted = std::min(count, names_.size());
  if (wanted == 0) return {};
  const size_t first = FirstAtOrAfter(token);
  return wanted <= kShortList ? ShortWalk(first, wanted) : LongWalk(first, wanted);
}

// Both walks end: every node has a virtual node, so a whole turn meets them all.

PreferenceList HashRing::ShortWalk(size_t vnode, size_t wanted) const {
  PreferenceList list;
  while (list.size() < wanted) {
    const NodeId node = vnodes_[vnode].node;
    if (!Contains(list, node)) list.push_back(node);
    if (++vnode == vnodes_.size()) vnode = 0;
  }
  return list;
}

PreferenceList HashRing::LongWalk(size_t vnode, size_t wanted) const {
  PreferenceList list;
  list.reserve(wanted);
  NodeSet met(names_.size());
  while (list.size() < wanted) {
    const NodeId node = vnodes_[vnode].node;
    if (met.Insert(node)) list.push_back(node);
    if (++vnode == vnodes_.size()) vnode = 0;
  }
  return list;
}

uint64_t HashRing::Fingerprint(uint32_t replication_factor) const {
  std::vector<std::string> sorted = names_;
  std::sort(sorted.begin(), sorted.end());
  // One line each: a name holds no line break, so no two rings give the same text.
  std::string text = absl::StrCat("vnodes_per_node=", vnodes_per_node_,
                                  "\nreplication_factor=", replication_factor, "\n");
  for (const std::string& name : sorted) absl::StrAppend(&text, name, "\n");
  return Token(text);
}

}  // namespace kache
