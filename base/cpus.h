// How many CPUs this process may use: the fewer of those it is bound to and of its cgroup's quota,
// so that a container limited to two CPUs of sixty-four starts two threads, not sixty-four.
//
// Thread-safe. No errors: what can't be read doesn't limit.
#ifndef KACHE_BASE_CPUS_H_
#define KACHE_BASE_CPUS_H_

#include <optional>
#include <vector>

#include "base/cgroup.h"

namespace kache {

// At least 1. A fraction of a CPU counts as one. Reads files: call it at start-up.
unsigned AvailableCpus();

// Threads for a pool that shares the CPUs with another one, or with the nodes: half of them, at
// least 1. As AvailableCpus.
unsigned DefaultThreads();

// The smallest quota, in CPUs, of these folders, which CgroupFolders made for the controller "cpu";
// nullopt = unlimited.
std::optional<double> CgroupCpuQuota(const std::vector<CgroupFolder>& folders);

}  // namespace kache

#endif  // KACHE_BASE_CPUS_H_
