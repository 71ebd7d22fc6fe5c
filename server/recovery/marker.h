// The marker that every node carries (KeySpace::Marker): whose data it holds, and whether that is
// whole. Only scripts write it (recovery_scripts.h); every check and every QUORUM read reads it.
//
//   kache1 whole   <ring> <run_id> <name> <sync> <since_ms> <away_ms> <sources>
//   kache1 syncing ...
//
//   ring     the ring's fingerprint, 16 hex digits
//   run_id   the Redis process that was whole last, or is being made so: another one means that the
//            node's memory was lost, or was loaded from a disk
//   name     the node's name on the ring
//   sync     which synchronisation this is or was: each fence takes a higher one, so that whoever
//            finishes an earlier one cannot lift a later fence
//   since    when the state began, Unix time by the node's clock
//   away     since when the node may have lacked writes, Unix time; 0 = it came empty
//   sources  where a resync takes its records from:
//              "arcs"   the nodes that share arcs of the ring with it
//              "all"    every node, as the ring was another one before
//              "empty"  as "arcs"; and the process came with an empty memory, which no resync has
//                       filled yet. A first start writes "whole ... empty".
//            A release that does not know "empty" reads it as "arcs".
//
// Pure.
#ifndef KACHE_SERVER_RECOVERY_MARKER_H_
#define KACHE_SERVER_RECOVERY_MARKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kache {

struct Marker {
  bool whole = false;
  uint64_t ring = 0;
  std::string run_id;
  std::string name;
  uint64_t sync = 0;
  int64_t since_ms = 0;
  int64_t away_ms = 0;
  bool from_all = false;
  bool came_empty = false;
};

// Nullopt for what is no marker of this form.
std::optional<Marker> ParseMarker(std::string_view text);

// How the marker of a whole node begins, whatever its sync.
std::string WholeMarker(uint64_t ring, std::string_view run_id, std::string_view name);

// A ring's fingerprint as the marker writes it.
std::string RingText(uint64_t ring);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_MARKER_H_
