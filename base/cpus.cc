#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache {
namespace {

// nullopt when there is no quota ("max", -1) or the numbers make no sense.
std::optional<double> Quota(std::string_view quota_us, std::string_view period_us) {
  int64_t quota = 0;
  int64_t period = 0;
  const bool read = absl::SimpleAtoi(ToAbsl(Trimmed(quota_us)), &quota) &&
                    absl::SimpleAtoi(ToAbsl(Trimmed(period_us)), &period);
  if (!read || quota <= 0 || period <= 0) return std::nullopt;
  return static_cast<double>(quota) / static_cast<double>(period);
}

std::optional<double> QuotaIn(const CgroupFolder& folder) {
  if (!folder.is_v2) {
    return Quota(ReadCgroupFile(folder, "cpu.cfs_quota_us"),
                 ReadCgroupFile(folder, "cpu.cfs_period_us"));
  }
  const std::string text = ReadCgroupFile(folder, "cpu.max");  // "200000 100000" or "max 100000"
  const size_t blank = std::min(text.find(' '), text.size());
  return Quota(text.substr(0, blank), text.substr(blank));
}

unsigned BoundCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

}  // namespace

std::optional<double> CgroupCpuQuota(const std::vector<CgroupFolder>& folders) {
  std::optional<double> smallest;
  for (const CgroupFolder& folder : folders) {
    const std::optional<double> quota = QuotaIn(folder);
    if (quota && (!smallest || *quota < *smallest)) smallest = quota;
  }
  return smallest;
}

unsigned AvailableCpus() {
  const unsigned bound = std::max(1u, BoundCpus());
  const std::optional<double> quota = CgroupCpuQuota(CgroupFolders("cpu"));
  if (!quota || *quota >= bound) return bound;
  return std::max(1u, static_cast<unsigned>(std::ceil(*quota)));
}

unsigned DefaultThreads() { return std::max(1u, AvailableCpus() / 2); }

}  // namespace kache
