// The hints about one node: the names of the keys of which it missed a write. Each node that took
// such a write keeps a set of them (KeySpace::Hints, by the name of the node that missed it).
//
//   k<key>          a key
//   n<coordinator>  a sentinel: this coordinator leaves hints, and has noted here that the node
//                   misses writes (missed_note.h). It is written with the note, ahead of the copies
//                   on the same connection, and never by a write's script. So a note without its
//                   sentinel shows that hints are missing: Redis evicted the set, or the
//                   coordinator is of a release that leaves no hints.
//   o               the set was opened by such a note, or by a replay or a comparison. A set
//   without
//                   it was made by a write's script, after Redis had evicted the one before.
//   t               the set of hints taken (below) stands beside this one. Where it does not, Redis
//                   evicted it.
//   a, a<fence>, a<job>   the node is being compared with all others, for that fence: the hints of
//                   before are of no use, and those of after are not enough until a job that began
//                   with this set has done that
//
// Hints are taken for a replay: the set is renamed (KeySpace::HintsTaken), and further hints go to
// a new set. So a hint that comes during a replay is never removed with those that were replayed.
//
//   t<job>          a replay that took this set, and reads it from the beginning to the end. Only
//                   such a replay may remove it.
//
// A set that would grow beyond its bound, and one of which a hint is known to be missing, is
// replaced by a string: an overflow. Neither set ends by itself.
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_HINT_SET_H_
#define KACHE_SERVER_BOOKKEEPING_HINT_SET_H_

#include <algorithm>
#include <cstdint>

namespace kache {

// What the hint of a key begins with.
inline constexpr char kHintOfKey = 'k';

// The part of a node's maxmemory that the hints about one node may take.
inline constexpr double kHintShare = 0.05;

// How many bytes the hints about one node may take on another, whose memory limit is `maxmemory`;
// 0 = without a limit. The scripts judge a set by its own members (hint_scripts.h), not by the key
// at hand.
inline int64_t HintBytesBound(int64_t maxmemory) {
  if (maxmemory <= 0) return 0;
  return std::max<int64_t>(static_cast<int64_t>(kHintShare * static_cast<double>(maxmemory)), 1);
}

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_HINT_SET_H_
