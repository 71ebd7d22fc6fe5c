#include "server/bookkeeping/missed_note.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/instant.h"

namespace kache {

std::string MissedField(std::string_view node, uint64_t coordinator) {
  return std::string(node).append(" ").append(CoordinatorText(coordinator));
}

std::string MissedValue(const MissedNote& note) { return Concat(note.number, " ", note.since_ms); }

std::optional<MissedNoteField> ParseMissedField(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0) return std::nullopt;
  const auto coordinator = ParseCoordinator(text.substr(blank + 1));
  if (!coordinator) return std::nullopt;
  return MissedNoteField{std::string(text.substr(0, blank)), *coordinator};
}

std::optional<MissedNote> ParseMissedValue(std::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(text), ' ');
  MissedNote note;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &note.number) ||
      !ParseInstantMs(parts[1], &note.since_ms)) {
    return std::nullopt;
  }
  return note;
}

}  // namespace kache
