// A coordinator that an operator declared lost (`kachectl coordinator declare-lost`): a field of
// the hash KeySpace::LostCoordinators, by its id.
//
//   1 <at_ms> <state>
//
//   1      the format. Readers skip what follows the third part.
//   at     when it was written, by the node's clock
//   state  closing  the node lets no new connection of the coordinator in and takes no heartbeat
//                   of it. Connections that were made before may still be open.
//          lost     and those that were open have been ended, so that nothing the coordinator sent
//                   is carried out on this node any more. From then on it counts as dead here,
//                   whatever its heartbeats say.
//
// The node itself lets nobody in or out: each coordinator names its connections, and asks on each
// new one, before it sends anything else, whether it was declared lost. The name comes first: so a
// connection is either seen under its name by those who end them, or finds itself declared lost.
//
// Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_LOST_COORDINATOR_H_
#define KACHE_SERVER_BOOKKEEPING_LOST_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "server/bookkeeping/key_space.h"

namespace kache {

// How long a node remembers it. A process that stood still for longer finds no trace of it.
inline constexpr absl::Duration kLostCoordinatorKept = absl::Hours(7 * 24);

struct LostCoordinator {
  uint64_t coordinator = 0;
  int64_t at_ms = 0;
  bool is_cut_off = false;  // "lost"
};

std::string LostCoordinatorText(const LostCoordinator& lost);
// Nullopt for what is no such field.
std::optional<LostCoordinator> ParseLostCoordinator(std::string_view id, std::string_view text);

// How the coordinator names its connections (CLIENT SETNAME).
std::string ConnectionName(uint64_t coordinator);
// The command whose integer reply is not 0 where the coordinator was declared lost.
std::vector<std::string> LostQuestion(const KeySpace& keys, uint64_t coordinator);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_LOST_COORDINATOR_H_
