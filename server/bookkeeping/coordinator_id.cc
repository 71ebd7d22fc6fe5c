#include "server/bookkeeping/coordinator_id.h"

#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace kache {

std::string CoordinatorText(uint64_t coordinator) {
  return Concat(absl::Hex(coordinator, absl::kZeroPad16));
}

std::optional<uint64_t> ParseCoordinator(std::string_view text) {
  uint64_t coordinator = 0;
  if (!absl::SimpleHexAtoi(ToAbsl(text), &coordinator)) return std::nullopt;
  if (CoordinatorText(coordinator) != text) return std::nullopt;
  return coordinator;
}

}  // namespace kache
