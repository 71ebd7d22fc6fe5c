// Whose memory a node's answers come from. Another process under its name, or the same one after it
// was told to drop all its data, knows nothing of what was held before.
#ifndef KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_
#define KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_

#include <cstdint>
#include <string>

namespace kache {

struct ProcessMemory {
  std::string run_id;
  uint64_t emptied = 0;  // Inspection::emptied

  friend bool operator==(const ProcessMemory&, const ProcessMemory&) = default;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PROCESS_MEMORY_H_
