// The marker that every node carries (KeySpace::Marker): whose data it holds, and whether that is
// whole. Only scripts write it (bookkeeping_scripts.h); every inspection and every QUORUM read
// reads it.
//
//   kache1 whole   <ring> <run_id> <name> <fence> <since_ms> <away_ms> <sources>
//   kache1 syncing ...
//
//   kache1   the format. Readers skip what follows the ninth field.
//   ring     the ring in its generation (ring_id.h), 16 hex digits
//   run_id   the Redis process that was whole last, or is being made so: another one means that the
//            node's memory was lost, or was loaded from a disk
//   name     the node's name on the ring
//   fence    the number of the fence that stands, or of the last one
//   since    when the state began, Unix time by the node's clock
//   away     syncing: since when the node may have lacked writes, Unix time; 0 = it came empty.
//            whole: since when it has had all writes, or was made up for what it lacked before half
//            a tombstone's life was over; 0 = since `since`
//   sources  where a resync takes its records from:
//              "arcs"   the nodes that share arcs of the ring with it
//              "all"    every node, as the ring was another one before
//              "empty"  as "arcs"; and the process came with an empty memory, which no resync has
//                       filled yet. A first start writes "whole ... empty".
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_MARKER_H_
#define KACHE_SERVER_BOOKKEEPING_MARKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/bookkeeping/fence_number.h"

namespace kache {

struct Marker {
  bool whole = false;
  uint64_t ring = 0;
  std::string run_id;
  std::string name;
  FenceNumber fence{};
  int64_t since_ms = 0;
  int64_t away_ms = 0;
  bool from_all = false;
  bool came_empty = false;
  // While it is syncing: the process that runs was whole, under this ring and name, and has kept
  // its memory since. It lacks writes since away_ms, and nothing else. Not part of the text, which
  // the release before must be able to read: Inspection::progress has it.
  bool kept_memory = false;

  // While it is whole: since when it can be trusted to have all writes.
  int64_t TrustedSinceMs() const { return away_ms > 0 ? away_ms : since_ms; }
};

// Nullopt for what is no marker of this form.
std::optional<Marker> ParseMarker(std::string_view text);

// How the marker of a whole node begins, whatever its fence.
std::string WholeMarker(uint64_t ring, std::string_view run_id, std::string_view name);

// The part of that which is the same for all nodes of a ring.
std::string_view RingPartOf(std::string_view whole_marker);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_MARKER_H_
