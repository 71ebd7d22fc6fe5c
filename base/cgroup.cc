#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr char kMembershipFile[] = "/proc/self/cgroup";
constexpr char kRoot[] = "/sys/fs/cgroup";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// The path itself, then everything above it, down to "". In a container the path is often that of
// the host, while the mount shows the container's part only: a folder that does not exist is
// passed over, and "" is the container's own.
std::vector<std::string> PathAndParents(std::string path) {
  std::vector<std::string> paths;
  while (!path.empty()) {
    if (path.back() != '/') paths.push_back(path);
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
  paths.emplace_back();
  return paths;
}

}  // namespace

std::vector<CgroupFolder> CgroupFolders(std::string_view membership, const std::string& root,
                                        std::string_view controller) {
  std::vector<CgroupFolder> folders;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(membership), '\n')) {
    // "0::/path" (version 2) or "4:cpu,cpuacct:/path" (version 1)
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    const bool is_v2 = parts[1].empty();
    const bool is_v1 =
        std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
    if (!is_v2 && !is_v1) continue;
    for (const std::string& path : PathAndParents(parts[2])) {
      folders.push_back({is_v2 ? root + path : Concat(root, "/", controller, path), is_v2});
    }
  }
  return folders;
}

std::vector<CgroupFolder> CgroupFolders(std::string_view controller) {
  return CgroupFolders(ReadFile(kMembershipFile), kRoot, controller);
}

std::string ReadCgroupFile(const CgroupFolder& folder, std::string_view name) {
  return ReadFile(Concat(folder.path, "/", name));
}

}  // namespace kache
