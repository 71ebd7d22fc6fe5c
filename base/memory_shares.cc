#include "base/memory_shares.h"

#include <algorithm>
#include <vector>

namespace kache {
namespace {

uint64_t Less(uint64_t bytes, uint64_t taken) { return bytes - std::min(bytes, taken); }

}  // namespace

void DivideMemory(uint64_t bytes, std::span<MemoryShare> shares) {
  std::vector<MemoryShare*> open;
  for (MemoryShare& share : shares) {
    if (share.is_set) {
      bytes = Less(bytes, share.bytes());
    } else {
      open.push_back(&share);
    }
  }
  // Those whose own limits decide are taken out one after another, as each changes what is left for
  // the others: first those that need more than their part, since that may not leave as much as was
  // thought to those that need less.
  while (!open.empty()) {
    uint64_t weights = 0;
    for (const MemoryShare* share : open) weights += share->weight;
    const auto part = [&](const MemoryShare& share) {
      return (bytes / weights * share.weight + bytes % weights * share.weight / weights) /
             share.bytes_per_unit;
    };
    auto decided = std::find_if(open.begin(), open.end(), [&](const MemoryShare* share) {
      return part(*share) < share->least;
    });
    if (decided == open.end()) {
      decided = std::find_if(open.begin(), open.end(),
                             [&](const MemoryShare* share) { return part(*share) > share->most; });
    }
    if (decided == open.end()) {
      for (MemoryShare* share : open) share->units = part(*share);
      return;
    }
    MemoryShare& share = **decided;
    share.units = std::clamp(part(share), share.least, share.most);
    bytes = Less(bytes, share.bytes());
    open.erase(decided);
  }
}

}  // namespace kache
