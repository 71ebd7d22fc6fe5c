#include "server/replication/missed_note.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace kache {

std::string CoordinatorText(uint64_t coordinator) {
  return absl::StrCat(absl::Hex(coordinator, absl::kZeroPad16));
}

std::optional<uint64_t> ParseCoordinator(std::string_view text) {
  uint64_t coordinator = 0;
  const absl::string_view hex(text.data(), text.size());
  if (text.size() != 16 || !absl::SimpleHexAtoi(hex, &coordinator)) return std::nullopt;
  return coordinator;
}

std::string MissedField(std::string_view node, uint64_t coordinator) {
  return std::string(node).append(" ").append(CoordinatorText(coordinator));
}

std::string MissedValue(const MissedNote& note) {
  return absl::StrCat(note.number, " ", note.since_ms);
}

std::optional<MissedNoteField> ParseMissedField(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0) return std::nullopt;
  const auto coordinator = ParseCoordinator(text.substr(blank + 1));
  if (!coordinator) return std::nullopt;
  return MissedNoteField{std::string(text.substr(0, blank)), *coordinator};
}

std::optional<MissedNote> ParseMissedValue(std::string_view text) {
  const size_t blank = text.find(' ');
  MissedNote note;
  if (blank == std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(text.data(), blank), &note.number) ||
      !absl::SimpleAtoi(absl::string_view(text.data() + blank + 1, text.size() - blank - 1),
                        &note.since_ms)) {
    return std::nullopt;
  }
  return note;
}

}  // namespace kache
