// The control groups (cgroups, version 1 and 2) that this process is in, as files: where the limits
// of CPU and memory stand that a container runs under.
//
// Thread-safe. No errors: a file that cannot be read does not limit.
#ifndef KACHE_BASE_CGROUP_H_
#define KACHE_BASE_CGROUP_H_

#include <string>
#include <string_view>
#include <vector>

namespace kache {

struct CgroupFolder {
  std::string path;
  bool is_v2 = false;
};

// The folders in which files limit `controller` ("cpu", "memory"): that of the process's cgroup and
// of each cgroup above it. Folders that do not exist are among them. `membership` is the text of
// /proc/self/cgroup, `root` where the cgroup file systems are mounted.
std::vector<CgroupFolder> CgroupFolders(std::string_view membership, const std::string& root,
                                        std::string_view controller);

// Of this process.
std::vector<CgroupFolder> CgroupFolders(std::string_view controller);

// The text of a small file; empty when it cannot be read.
std::string ReadCgroupFile(const CgroupFolder& folder, std::string_view name);

}  // namespace kache

#endif  // KACHE_BASE_CGROUP_H_
