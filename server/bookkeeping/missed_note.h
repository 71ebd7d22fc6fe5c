// The note of a coordinator that a node lacks some of its writes: a field of the hash
// KeySpace::Missed on every other node. Pure.
//
//   field  "<node's name> <coordinator, 16 hex digits>"
//   value  "<number> <since, ms>"; readers skip what follows
#ifndef KACHE_SERVER_BOOKKEEPING_MISSED_NOTE_H_
#define KACHE_SERVER_BOOKKEEPING_MISSED_NOTE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kache {

struct MissedNote {
  uint64_t number = 0;   // tells the notes of one coordinator about one node apart
  int64_t since_ms = 0;  // Unix time of the first write that it lacks
};

struct MissedNoteField {
  std::string node;
  uint64_t coordinator = 0;
};

std::string MissedField(std::string_view node, uint64_t coordinator);
std::string MissedValue(const MissedNote& note);
// Nullopt for what is no such text.
std::optional<MissedNoteField> ParseMissedField(std::string_view text);
std::optional<MissedNote> ParseMissedValue(std::string_view text);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_MISSED_NOTE_H_
