#include "base/memory_limit.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache {
namespace {

// Version 1 says "unlimited" by the largest number of whole pages, which depends on their size.
constexpr uint64_t kUnlimitedOfV1 = uint64_t{1} << 62;

}  // namespace

std::optional<uint64_t> MemoryLimit() { return CgroupMemoryLimit(CgroupFolders("memory")); }

std::optional<uint64_t> CgroupMemoryLimit(const std::vector<CgroupFolder>& folders) {
  std::optional<uint64_t> lowest;
  for (const CgroupFolder& folder : folders) {
    const std::string text =
        ReadCgroupFile(folder, folder.is_v2 ? "memory.max" : "memory.limit_in_bytes");
    uint64_t bytes = 0;
    if (!absl::SimpleAtoi(ToAbsl(Trimmed(text)), &bytes)) continue;  // "max", or no such file
    if (bytes == 0 || bytes >= kUnlimitedOfV1) continue;
    lowest = std::min(lowest.value_or(bytes), bytes);
  }
  return lowest;
}

}  // namespace kache
