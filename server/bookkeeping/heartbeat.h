// What a coordinator leaves on every node to show that it lives: a field of the hash
// KeySpace::Heartbeats, by its id. Written by each inspection.
//
//   1 <at_ms> <interval_ms> <drained> <ring> <reached> <as_of_ms> <lives> <drained_note>
//
//   1         the format. Readers skip what follows the ninth part, and do without the last three.
//   at        when it was written, by the node's clock
//   interval  between its heartbeats: more than nothing, and a day at most
//   drained   the number of the node's fence that it has drained for: its writes that were begun
//             before it saw that fence have ended. 0 = for none.
//   ring      the ring in its generation (ring_id.h), by which it works
//   reached   for each node of that ring, in the order of their names, with commas between: how the
//             run_id begins of the process that it reaches under that name; "-" = it reaches none
//   as_of     when all this was so, in cluster time
//   lives     for each node, in the same order: <known>/<alive>, whole seconds before as_of. The
//             process lived <known> seconds before, or longer, and at <alive> seconds before, or
//             later. "-" = not known
//   drained_note
//             MissedNote::number of the last of its notes about the node of which all writes had
//             ended once it had drained for `drained`. 0 = of none
//
// The release before reads and writes KeySpace::Coordinators, "<at_ms> <interval_ms> <drained>". It
// is written beside this for as long as releases must run together.
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_HEARTBEAT_H_
#define KACHE_SERVER_BOOKKEEPING_HEARTBEAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/bookkeeping/fence_number.h"

namespace kache {

// The process that a coordinator reaches under a node's name.
struct ReachedProcess {
  std::string run_id;  // in what was read: ShortRunId. Empty = it reaches none
  // In cluster time. It lived before the one, and at the other or later.
  absl::Time known_since = absl::InfiniteFuture();
  absl::Time alive_at = absl::InfinitePast();
};

struct Heartbeat {
  uint64_t coordinator = 0;
  int64_t at_ms = 0;
  absl::Duration interval;
  FenceNumber drained{};
  uint64_t ring = 0;                         // 0 = it does not say
  std::vector<ReachedProcess> reached = {};  // for each node, by name; empty = it does not say
  absl::Time as_of = absl::InfinitePast();   // of `reached`
  uint64_t drained_note = 0;
  // Whether it lives, by all that was seen of it (HeartbeatWatch).
  bool lives = true;
};

// So long without a heartbeat that a coordinator must have ended, or stands still.
inline absl::Duration HeartbeatLimit(absl::Duration interval) {
  return 3 * interval + absl::Seconds(1);
}

// What a coordinator says in its heartbeats.
struct HeartbeatNews {
  absl::Duration interval;
  FenceNumber drained{};
  uint64_t ring = 0;
  std::vector<ReachedProcess> reached;  // for each node, by name
  absl::Time as_of;                     // cluster time
  uint64_t drained_note = 0;
};

// The text without format and time, which the script puts before it.
std::string HeartbeatText(const HeartbeatNews& news);

// Nullopt for what is no such text.
std::optional<Heartbeat> ParseHeartbeat(std::string_view id, std::string_view text);
// As the release before writes it.
std::optional<Heartbeat> ParseOldHeartbeat(std::string_view id, std::string_view text);

// The beginning of a run_id, long enough to tell processes apart.
std::string ShortRunId(std::string_view run_id);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_HEARTBEAT_H_
