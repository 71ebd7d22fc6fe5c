// The sets of hints that a node keeps about others, played by the rules of their scripts
// (server/replication/hint_scripts.h). That the scripts keep these rules is shown on a real server
// (tests/redis/hint_scripts_redistest.cc).
//
// A value: a copy is a snapshot. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_HINTS_H_
#define KACHE_TESTS_TESTING_PLAYED_HINTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/redis/command.h"
#include "server/redis/reply.h"

namespace kache::testing {

class PlayedHints {
 public:
  using Words = std::vector<std::string>;
  using Notes = std::map<std::string, std::string>;  // KeySpace::Missed, before the script

  // The answer to a script that is about hints alone; nullopt for another one.
  std::optional<redis::Reply> Run(const redis::Script* script, const Words& keys,
                                  const Words& arguments, const Notes& notes);
  // As SetWithHints and LeaveHints leave them.
  void Leave(const std::string& set, const std::string& user_key, int64_t bound);
  bool Has(const std::string& set, const std::string& member) const;
  // How many members; -1 = an overflow.
  int64_t Count(const std::string& set) const;
  // Empty for what is no set.
  std::set<std::string> Members(const std::string& set) const;
  // Redis evicts it.
  void Evict(const std::string& set) { sets_.erase(set); }

 private:
  // Nullopt = an overflow.
  using Set = std::optional<std::set<std::string>>;

  void Add(const std::string& set, const std::string& member);
  void Remove(const std::string& set, const std::string& member);
  redis::Reply Open(const Words& keys, const Words& arguments, const Notes& notes);
  redis::Reply Take(const Words& keys, const Words& arguments, const Notes& notes);
  redis::Reply Peek(const Words& keys, const Words& arguments, const Notes& notes);
  redis::Reply Finish(const Words& keys, const Words& arguments);
  redis::Reply Reset(const Words& keys, const Words& arguments);
  redis::Reply EndComparison(const Words& keys, const Words& arguments, const Notes& notes);

  std::map<std::string, Set> sets_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_HINTS_H_
