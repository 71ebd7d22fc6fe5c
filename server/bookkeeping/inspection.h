// What one inspection of a node found: its marker, and what all coordinators keep on it. Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_INSPECTION_H_
#define KACHE_SERVER_BOOKKEEPING_INSPECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/bookkeeping/heartbeat.h"
#include "server/bookkeeping/key_space.h"
#include "server/bookkeeping/lost_coordinator.h"
#include "server/bookkeeping/marker.h"
#include "server/bookkeeping/missed_note.h"
#include "server/bookkeeping/resync_checkpoint.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"

namespace kache {

struct MissedOn {  // a note that is kept on the node inspected, about another one
  MissedNoteField about;
  MissedNote note;
};

struct DeclaredLost {  // a node that an operator declared lost
  std::string name;
  int64_t at_ms = 0;  // Unix time; 0 = not known
};

struct Inspection {
  std::string run_id;
  int64_t now_ms = 0;
  bool has_marker = false;  // of whatever form
  std::optional<Marker> marker;
  std::string marker_text;  // as it stands
  // The marker is missing, as Redis evicted it; the three above are what stood before
  // (MarkerWatch).
  bool marker_evicted = false;
  std::string ring;  // what the marker's ring is, for people; only when it is not ours
  std::vector<Heartbeat> heartbeats;
  std::vector<MissedOn> missed;
  std::optional<uint64_t> resync_holder;
  // Of the resync that is under way, as its holder wrote it: "done", "left", "per_second"; "from:"
  // and a node's name for each source of which it has brought all, with that source's run_id;
  // "checkpoint:" and a node's name for how far it has come with that one (resync_checkpoint.h);
  // and "trusted", what Marker::TrustedSinceMs was before the fence; and "kept", the fence at which
  // the process that runs had kept its memory since it was whole (Marker::kept_memory).
  std::vector<std::pair<std::string, std::string>> progress;
  std::vector<DeclaredLost> lost;
  std::vector<LostCoordinator> lost_coordinators;
  std::vector<std::string> members;  // names of nodes that were whole once
  std::optional<uint64_t> sweep_holder;
  int64_t swept_ms = 0;  // when it was swept last; 0 = not known
  // Since when somebody wants it swept now, a sweep included that was begun for that and has lost
  // its coordinator; 0 = nobody does.
  int64_t sweep_due_ms = 0;
  std::string sweep_cursor;   // of a sweep that was not finished; empty = none
  uint64_t keys = 0;          // all of the database
  bool evicts = false;        // Redis has a memory limit, and may evict any key at it
  uint64_t evicted_keys = 0;  // since the process started
  // How often the process was given a command that may drop or exchange all its data at once
  // (FLUSHALL, REPLICAOF, ...), since it started.
  uint64_t emptied = 0;
  uint64_t maxmemory = 0;  // bytes; 0 = without a limit
  // For each of InspectionOrder::hints_about: how many members its set of hints has (hint_set.h);
  // -1 = it overflowed.
  std::vector<int64_t> hints = {};
};

struct InspectionOrder {
  uint64_t coordinator = 0;  // who inspects
  HeartbeatNews heartbeat;
  // The names of the nodes that this coordinator does not see whole, with blanks between.
  std::string not_whole;
  // The names of the nodes whose hints are counted.
  std::vector<std::string> hints_about = {};
};

redis::Command InspectCommand(const KeySpace& keys, const InspectionOrder& order);

// Touches all bookkeeping that must last longer than until the next inspection, so that Redis
// evicts other keys; with the hints about these nodes.
redis::Command TouchCommand(const KeySpace& keys, const std::vector<std::string>& nodes);

// Nullopt for an answer that is none of InspectScript's.
std::optional<Inspection> ParseInspection(const redis::Reply& reply);

// Whether the node was told that the coordinator is lost.
bool IsDeclaredLost(const Inspection& inspection, uint64_t coordinator);
// And that it was cut off from the node: nothing that it sent there is carried out any more.
bool IsCutOff(const Inspection& inspection, uint64_t coordinator);

// A number that Inspection::progress holds; 0 when it is not there.
int64_t ProgressNumber(const Inspection& inspection, const std::string& field);

// How far the resync that is under way has come with `source`; nullopt where it does not say.
std::optional<ResyncCheckpoint> CheckpointOf(const Inspection& inspection,
                                             const std::string& source);

// Whether the resync that is under way has brought all that this process of `source` holds.
bool HasBroughtFrom(const Inspection& inspection, const std::string& source,
                    const std::string& run_id);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_INSPECTION_H_
