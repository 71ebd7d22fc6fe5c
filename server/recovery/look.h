// What one check of a node found: its marker, and the notes that all coordinators keep on it. Pure.
#ifndef KACHE_SERVER_RECOVERY_LOOK_H_
#define KACHE_SERVER_RECOVERY_LOOK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/recovery/marker.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"
#include "server/replication/key_space.h"
#include "server/replication/missed_note.h"

namespace kache {

// Another coordinator's, or our own, last sign of life on this node.
struct CoordinatorSign {
  uint64_t coordinator = 0;
  absl::Duration age;       // by the node's clock
  absl::Duration interval;  // between its signs
  uint64_t settled =
      0;  // its writes that were begun before it saw this sync of the node have ended

  // So long without a sign that it must have ended, or stands still.
  bool Silent() const { return age > 3 * interval + absl::Seconds(1); }
};

struct MissedOn {  // a note that is kept on the node looked at, about another one
  MissedNoteField about;
  MissedNote note;
};

struct Look {
  std::string run_id;
  int64_t now_ms = 0;
  bool has_marker = false;  // of whatever form
  std::optional<Marker> marker;
  std::string ring;  // what the marker's ring is, for people; only when it is not ours
  std::vector<CoordinatorSign> coordinators;
  std::vector<MissedOn> missed;
  std::optional<uint64_t> resync_holder;
  // Of the resync that is under way, as its holder wrote it: "sync", "done", "left", "per_second",
  // "sources", "waiting"; and "from:" and a node's name for each source of which it has brought
  // all, with that source's run_id.
  std::vector<std::pair<std::string, std::string>> progress;
  std::vector<std::string> forsaken;  // names
  std::vector<std::string> members;   // names of nodes that were whole once
  std::optional<uint64_t> sweep_holder;
  int64_t swept_ms = 0;      // when it was swept last; 0 = not known
  bool sweep_due = false;    // somebody wants it swept now
  std::string sweep_cursor;  // of a sweep that was not finished; empty = none
  uint64_t keys = 0;         // all of the database
};

// `not_whole`: the names of the nodes that this coordinator does not see whole, with blanks
// between.
redis::Command LookCommand(const KeySpace& keys, uint64_t coordinator, absl::Duration interval,
                           uint64_t settled, uint64_t ring, const std::string& not_whole);

// Nullopt for an answer that is none of LookScript's.
std::optional<Look> ParseLook(const redis::Reply& reply);

// A number that Progress holds; 0 when it is not there.
int64_t ProgressNumber(const Look& look, const std::string& field);

// Whether the resync that is under way has brought all that this process of `source` holds.
bool HasBroughtFrom(const Look& look, const std::string& source, const std::string& run_id);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_LOOK_H_
