// How many CPUs this process may use: the fewer of those it is bound to and of its cgroup's quota,
// so that a container limited to two CPUs of sixty-four starts two threads, not sixty-four.
//
// Thread-safe. No errors: what can't be read doesn't limit.
#ifndef KACHE_BASE_CPUS_H_
#define KACHE_BASE_CPUS_H_

#include <optional>
#include <string>
#include <string_view>

namespace kache {

// At least 1. A fraction of a CPU counts as one. Reads files: call it at start-up.
unsigned AvailableCpus();

// The smallest quota, in CPUs, of the cgroup and those above it; nullopt = unlimited. `membership`
// is the text of /proc/self/cgroup, `root` where the cgroup file systems (v1 and v2) are mounted.
std::optional<double> CgroupCpuQuota(std::string_view membership, const std::string& root);

}  // namespace kache

#endif  // KACHE_BASE_CPUS_H_
