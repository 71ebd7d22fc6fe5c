// The records that a node holds, played: what it answers to SCAN and to the scripts by which
// records are copied (copy_scripts.h).
//
//   HeldRecords records;
//   records.Hold("kache:d:k", record, ends_ms);
//   records.Run(words, &PeekScript(), now_ms);
//
// A value: a copy is a snapshot. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_HELD_RECORDS_H_
#define KACHE_TESTS_TESTING_HELD_RECORDS_H_

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

  void Hold(const std::string& key, const std::string& bytes, int64_t ends_ms = 0) {
    keys_[key].Hold(Held{bytes, ends_ms});
  }
  void Forget(const std::string& key) { keys_[key].Hold(std::nullopt); }
  // As set-if-newer does.
  void Apply(const std::string& key, const std::string& record, int64_t ends_ms, int64_t now_ms) {
    keys_[key].Apply(record, ends_ms, 0, now_ms);
  }
  // Nullopt where the key does not exist.
  std::optional<Held> At(const std::string& key, int64_t now_ms) const;

  // The answer to a command's words (script nullptr: to SCAN); nullopt for a command that is none
  // of these.
  std::optional<redis::Reply> Run(const std::vector<std::string>& words,
                                  const redis::Script* script, int64_t now_ms);

 private:
  using Arguments = std::vector<std::string>;
  redis::Reply Scan(int64_t now_ms) const;
  redis::Reply Peek(const Arguments& keys, const Arguments& arguments, int64_t now_ms) const;
  redis::Reply Ends(const Arguments& keys, int64_t now_ms) const;
  redis::Reply Fetch(const Arguments& keys, int64_t now_ms) const;
  redis::Reply Store(const Arguments& keys, const Arguments& arguments, bool in_time,
                     int64_t now_ms);
  redis::Reply Remove(const Arguments& keys, const Arguments& arguments, int64_t now_ms);

  std::map<std::string, SetIfNewerTwin> keys_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_HELD_RECORDS_H_
