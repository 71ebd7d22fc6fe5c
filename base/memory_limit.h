// How much memory this process may use: the lowest memory limit of its cgroup and those above it.
// Beyond that limit the kernel kills the process, so what the process bounds by itself has to fit.
//
// Thread-safe. No errors: what cannot be read does not limit.
#ifndef KACHE_BASE_MEMORY_LIMIT_H_
#define KACHE_BASE_MEMORY_LIMIT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "base/cgroup.h"

namespace kache {

// Bytes; nullopt = unlimited. Reads files: call it at start-up.
std::optional<uint64_t> MemoryLimit();

// The lowest limit of these folders, which CgroupFolders made for the controller "memory".
std::optional<uint64_t> CgroupMemoryLimit(const std::vector<CgroupFolder>& folders);

}  // namespace kache

#endif  // KACHE_BASE_MEMORY_LIMIT_H_
