// Whose memory a node's answers come from. Another process under its name, or the same one after it
// was told to drop its data, knows nothing of what was held before.
#ifndef KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_
#define KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_

#include <cstdint>
#include <string>

#include "server/bookkeeping/fence_number.h"

namespace kache {

struct ProcessMemory {
  std::string run_id;
  uint64_t emptied = 0;  // Inspection::emptied
  FenceNumber fence{};   // of the marker that this process carries; 0 = it has none

  // Whether that is the same memory still. `emptied` also counts commands that dropped another
  // database of the process, as some programs do all the time. So where it rose, the marker
  // decides: it goes with the memory, and the next one has another number.
  bool IsSameAs(const ProcessMemory& other) const {
    if (run_id != other.run_id) return false;
    return emptied == other.emptied || (fence == other.fence && fence != FenceNumber{});
  }
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_
