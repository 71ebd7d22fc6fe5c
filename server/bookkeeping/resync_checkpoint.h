// How far the comparison of a node with one source has come. Whoever goes on with the resync, after
// an error or in the place of a coordinator that ended, begins there and not at the first key. A
// field of the hash KeySpace::ResyncProgress on the node that is resynced, which a later fence, and
// the lift of the fence, remove.
//
//   field  "checkpoint:<source's name>"
//   value  1 <cursor> <seen> <run_id> <emptied> <fence> <node_emptied> <knew_before_ms> <drained>
//
//   1             the format. Readers skip what follows the ninth part
//   cursor        SCAN's on the source: all keys before it have been dealt with. It keeps nothing
//                 in the server, and is valid as long as the process and its data are the same: a
//                 key that is there from the first page to the last comes in one of them, whatever
//                 time passes between two pages
//   seen          about so many keys are before it
//   run_id, emptied, fence   the source's process, its Inspection::emptied and its marker's fence
//                 when the comparison with it began. The source was whole
//   node_emptied  Inspection::emptied of the node that is resynced
//   knew_before   NodeWord::knew_before_ms of the source at that time
//   drained       "<coordinator>:<number>", with commas between: up to which of the coordinator's
//                 notes that the node misses writes all these writes had ended when the comparison
//                 with the source began, so that it brings them. "-" = of none
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_RESYNC_CHECKPOINT_H_
#define KACHE_SERVER_BOOKKEEPING_RESYNC_CHECKPOINT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "server/bookkeeping/fence_number.h"
#include "server/bookkeeping/missed_note.h"

namespace kache {

// Notes whose writes have ended: by coordinator, MissedNote::number of the last.
using DrainedNotes = std::map<uint64_t, uint64_t>;

inline bool IsDrained(const DrainedNotes& drained, uint64_t coordinator, const MissedNote& note) {
  const auto found = drained.find(coordinator);
  return found != drained.end() && note.number <= found->second;
}

struct ResyncCheckpoint {
  std::string cursor = "0";
  uint64_t seen = 0;
  std::string run_id;
  uint64_t emptied = 0;
  FenceNumber fence{};
  uint64_t node_emptied = 0;
  int64_t knew_before_ms = 0;
  DrainedNotes drained = {};

  bool operator==(const ResyncCheckpoint&) const = default;
};

std::string CheckpointField(std::string_view source);
std::string CheckpointText(const ResyncCheckpoint& checkpoint);
// Nullopt for what is no such text.
std::optional<ResyncCheckpoint> ParseCheckpoint(std::string_view text);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_RESYNC_CHECKPOINT_H_
