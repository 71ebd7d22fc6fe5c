// The records that a node holds, played: what it answers to SCAN, to set-if-newer, and to the
// scripts by which records are copied (copy_scripts.h).
//
//   HeldRecords records;
//   records.Hold("kache:d:k", record, ends_ms);
//   records.Run(words, &PeekScript(), now_ms);
//
// A value: a copy is a snapshot. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_HELD_RECORDS_H_
#define KACHE_TESTS_TESTING_HELD_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/redis/command.h"
#include "server/redis/reply.h"
#include "tests/testing/set_if_newer_twin.h"

namespace kache::testing {

class HeldRecords {
 public:
  using Held = SetIfNewerTwin::Held;
  using Words = std::vector<std::string>;

  void Hold(const std::string& key, const std::string& bytes, int64_t ends_ms = 0) {
    keys_[key].Hold(Held{bytes, ends_ms});
  }
  void Forget(const std::string& key) { keys_[key].Hold(std::nullopt); }
  // As set-if-newer does.
  void Apply(const std::string& key, const std::string& record, int64_t ends_ms, int64_t now_ms) {
    keys_[key].Apply(record, ends_ms, 0, now_ms);
  }
  // Sees that the key does not end before.
  void KeepUntil(const std::string& key, int64_t until_ms, int64_t now_ms) {
    std::optional<Held> held = At(key, now_ms);
    if (!held || held->ends_ms == 0 || held->ends_ms >= until_ms) return;
    held->ends_ms = until_ms;
    keys_[key].Hold(std::move(held));
  }
  // Nullopt where the key does not exist.
  std::optional<Held> At(const std::string& key, int64_t now_ms) const;
  // How many keys there are.
  size_t Count(int64_t now_ms) const;

  // SetIfNewer's answer, by its arguments.
  redis::Reply SetIfNewer(const std::string& key, const Words& arguments, int64_t now_ms);
  // The answer to SCAN: at most `page_keys` keys, from `words`' cursor on. A key that is there
  // throughout a scan comes in one of its pages.
  redis::Reply Scan(const Words& words, size_t page_keys, int64_t now_ms) const;
  // The answer to HeadersScript.
  redis::Reply Headers(const Words& keys, int64_t now_ms) const;
  // The answer to a script, whose command has these words; nullopt for one that is not about
  // records alone.
  std::optional<redis::Reply> Run(const Words& words, const redis::Script* script, int64_t now_ms);

 private:
  redis::Reply Peek(const Words& keys, const Words& arguments, int64_t now_ms) const;
  redis::Reply Ends(const Words& keys, int64_t now_ms) const;
  redis::Reply Fetch(const Words& keys, int64_t now_ms) const;
  redis::Reply Store(const Words& keys, const Words& arguments, bool in_time, int64_t now_ms);
  redis::Reply Remove(const Words& keys, const Words& arguments, int64_t now_ms);
  std::map<std::string, SetIfNewerTwin> keys_;  // those that are gone stay, empty
};

// An array, as a reply.
redis::Reply ArrayReply(std::vector<redis::Reply> elements);

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_HELD_RECORDS_H_
