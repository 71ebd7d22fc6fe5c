#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace kache {
namespace {

// Empty when the file can't be read.
std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// nullopt when there is no quota ("max", -1) or the numbers make no sense.
std::optional<double> Quota(std::string_view quota_us, std::string_view period_us) {
  int64_t quota = 0;
  int64_t period = 0;
  const bool read = absl::SimpleAtoi(ToAbsl(Trimmed(quota_us)), &quota) &&
                    absl::SimpleAtoi(ToAbsl(Trimmed(period_us)), &period);
  if (!read || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

std::optional<double> QuotaOfV2(const std::string& folder) {
  const std::string text = ReadFile(folder + "/cpu.max");  // "200000 100000" or "max 100000"
  const size_t blank = std::min(text.find(' '), text.size());
  return Quota(text.substr(0, blank), text.substr(blank));
}

std::optional<double> QuotaOfV1(const std::string& folder) {
  return Quota(ReadFile(folder + "/cpu.cfs_quota_us"), ReadFile(folder + "/cpu.cfs_period_us"));
}

// The path itself, then everything above it, down to "". In a container the path is often that of
// the host while the mount shows the container's part only; so those that don't exist are passed.
std::vector<std::string> PathAndParents(std::string path) {
  std::vector<std::string> paths;
  while (!path.empty()) {
    if (path.back() != '/') paths.push_back(path);
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
  paths.emplace_back();
  return paths;
}

void Lower(std::optional<double>* smallest, std::optional<double> quota) {
  if (quota && (!*smallest || *quota < **smallest)) *smallest = quota;
}

unsigned BoundCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

}  // namespace

std::optional<double> CgroupCpuQuota(std::string_view membership, const std::string& root) {
  std::optional<double> smallest;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(membership), '\n')) {
    // "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1)
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(parts[1], ',');
    const bool is_v2 = parts[1].empty();
    const bool is_v1 =
        std::find(controllers.begin(), controllers.end(), "cpu") != controllers.end();
    if (!is_v2 && !is_v1) continue;
    for (const std::string& path : PathAndParents(parts[2])) {
      Lower(&smallest, is_v2 ? QuotaOfV2(root + path) : QuotaOfV1(Concat(root, "/cpu", path)));
    }
  }
  return smallest;
}

unsigned AvailableCpus() {
  const unsigned bound = std::max(1u, BoundCpus());
  const std::optional<double> quota =
      CgroupCpuQuota(ReadFile("/proc/self/cgroup"), "/sys/fs/cgroup");
  if (!quota || *quota >= bound) return bound;
  return std::max(1u, static_cast<unsigned>(std::ceil(*quota)));
}

}  // namespace kache
