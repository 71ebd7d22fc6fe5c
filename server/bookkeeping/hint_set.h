// The hints about one node: the names of the keys of which it missed a write, a set on each node
// that took such a write (KeySpace::Hints, by the name of the node that missed it).
//
//   k<key>   a key
//   ""       the sentinel: written by a coordinator with its note that the node misses writes,
//   ahead of
//            the copies on the same connection, and never by a write's script. A set without it was
//            evicted, at least once, and began anew: hints are missing.
//   t        others were taken for a replay, and are to stand in the set of those taken: where that
//   is
//            not there, it was evicted.
//
// A set that would grow beyond its bound is replaced by a mark, a string: it overflowed. A set that
// is being replayed was renamed (KeySpace::HintsTaken), so that further hints go to a set that
// nobody removes. Neither has an expiry. Where no set stands on a node though any node has a note
// of the missed writes, it was evicted, too, or there were none: that counts as an overflow.
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_HINT_SET_H_
#define KACHE_SERVER_BOOKKEEPING_HINT_SET_H_

#include <algorithm>
#include <cstdint>

namespace kache {

// What the hint of a key begins with.
inline constexpr char kHintOfKey = 'k';

// What a hint takes in Redis, beside the key's bytes.
inline constexpr int64_t kHintBytes = 53;
// The part of a node's maxmemory that the hints about one node may take.
inline constexpr double kHintShare = 0.05;

// How many hints about one node may stand on another, whose memory limit is `maxmemory` (0 = none),
// where HINT_KEYS is `hint_keys` and keys have `key_bytes` at most.
inline int64_t HintBound(int64_t hint_keys, int64_t maxmemory, int64_t key_bytes) {
  if (maxmemory <= 0) return hint_keys;
  const double room = kHintShare * static_cast<double>(maxmemory);
  return std::clamp<int64_t>(static_cast<int64_t>(room) / (kHintBytes + key_bytes), 1, hint_keys);
}

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_HINT_SET_H_
