#include "server/bookkeeping/lost_coordinator.h"

#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/instant.h"

namespace kache {
namespace {

constexpr char kFormat[] = "1";
constexpr char kClosing[] = "closing";
constexpr char kLost[] = "lost";

}  // namespace

std::string LostCoordinatorText(const LostCoordinator& lost) {
  return Concat(kFormat, " ", lost.at_ms, " ", lost.is_cut_off ? kLost : kClosing);
}

std::optional<LostCoordinator> ParseLostCoordinator(std::string_view id, std::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(text), ' ');
  const std::optional<uint64_t> coordinator = ParseCoordinator(id);
  LostCoordinator lost;
  if (!coordinator || parts.size() < 3 || parts[0] != kFormat ||
      !ParseInstantMs(parts[1], &lost.at_ms)) {
    return std::nullopt;
  }
  lost.coordinator = *coordinator;
  lost.is_cut_off = parts[2] == kLost;
  return lost;
}

std::string ConnectionName(uint64_t coordinator) {
  return Concat("kache:", CoordinatorText(coordinator));
}

std::vector<std::string> LostQuestion(const KeySpace& keys, uint64_t coordinator) {
  return {"HEXISTS", keys.LostCoordinators(), CoordinatorText(coordinator)};
}

}  // namespace kache
