// A Redis process as the recovery sees it, played: Kache's bookkeeping, by the rules of its scripts
// (bookkeeping_scripts.h), and its records, on a fake clock. For tests over time, where real
// processes would take real time. That the scripts keep these rules is shown on real ones
// (tests/redis/bookkeeping_scripts_redistest.cc).
//
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_NODE_H_
#define KACHE_TESTS_TESTING_PLAYED_NODE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/bookkeeping/key_space.h"
#include "server/bookkeeping/marker.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"
#include "tests/testing/held_records.h"
#include "tests/testing/played_hints.h"

namespace kache::testing {

class PlayedNode {
 public:
  // `clock` outlives it.
  PlayedNode(const Clock& clock, std::string name);

  // Of a cluster's node: "a", "b", ...
  static std::string NameOf(size_t index);

  const std::string& run_id() const { return run_id_; }
  // The process ends, and the next one comes with nothing, or with what was saved.
  void LoseMemory();
  void Save() { saved_ = memory_; }
  void RestoreSaved();
  void SetClock(absl::Duration ahead) { ahead_ = ahead; }
  // It evicts this key, for its memory limit.
  void Evict(const std::string& key);
  void FlushAll();
  // It is told FLUSHDB of another database.
  void FlushAnother() { ++emptied_; }
  // It is told SWAPDB: the other database, which is empty at first, takes this one's place.
  void SwapDatabases();

  redis::Reply Run(const redis::Command& command);
  // The same, once the process runs: `done` is told then. A process that ends meanwhile tells
  // nobody anything.
  using Answer = std::function<void(redis::Reply)>;
  void Take(const redis::Command& command, Answer done);
  // The process stands still: what comes meanwhile waits in its buffers, also of connections that
  // are closed by then.
  void Stall() { stalled_ = true; }
  void GoOn();
  bool stalled() const { return stalled_; }
  // Asked of each command: what is answered in place of running it; nullopt = it is run.
  using Refusal = std::function<std::optional<redis::Reply>(const redis::Command&)>;
  void Refuse(Refusal refusal) { refusal_ = std::move(refusal); }

  // What stands there now.
  std::optional<Marker> marker() const;
  std::map<std::string, std::string> hash(const std::string& key) const;
  // Empty = there is none.
  std::string Get(const std::string& key) const;
  HeldRecords& records() { return memory_.records; }
  // Which of the user's key it holds, flagged as it is; nullopt = none.
  std::optional<HeldRecords::Held> Record(const std::string& key) const {
    return memory_.records.At(keys_.Data(key), NowMs());
  }
  void SetHash(const std::string& key, const std::string& field, const std::string& value) {
    memory_.hashes[key][field] = value;
  }
  // The hints about another node.
  PlayedHints& hints() { return memory_.hints; }
  bool HasHint(const std::string& about, const std::string& key) const {
    return memory_.hints.Has(keys_.Hints(about), "k" + key);
  }
  void SetMarker(const std::string& text) { memory_.strings[keys_.Marker()] = {text, 0}; }
  const KeySpace& keys() const { return keys_; }
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now() + ahead_); }
  MonotonicTime Monotonic() const { return clock_.Monotonic(); }
  // How often its bookkeeping was touched.
  size_t touches() const { return touches_; }
  // How many names of keys were read from sets of hints.
  size_t hints_read() const { return hints_read_; }
  // How often somebody began to go through all that it holds, and how many pages were read.
  size_t scans() const { return scans_; }
  size_t pages() const { return pages_; }
  // How many keys a page of SCAN has at most, whatever is asked for.
  void SetPageKeys(size_t keys) { page_keys_ = keys; }
  // How many commands it ran.
  size_t commands() const { return commands_; }

 private:
  using Words = std::vector<std::string>;
  struct Memory {
    std::map<std::string, std::pair<std::string, int64_t>> strings;  // and their ends; 0 = never
    std::map<std::string, std::map<std::string, std::string>> hashes;
    HeldRecords records;
    PlayedHints hints;
  };
  redis::Reply Hash(const std::string& key) const;
  redis::Reply Inspect(const Words& keys, const Words& arguments);
  redis::Reply Restore(const Words& keys, const Words& arguments);
  redis::Reply Init(const Words& keys, const Words& arguments);
  redis::Reply Fence(const Words& keys, const Words& arguments);
  redis::Reply Lease(const Words& keys, const Words& arguments);
  bool OwnsResync(const Words& keys, const Words& arguments) const;
  redis::Reply Lift(const Words& keys, const Words& arguments);
  redis::Reply NoteSource(const Words& keys, const Words& arguments);
  redis::Reply NoteCheckpoint(const Words& keys, const Words& arguments);
  redis::Reply Forget(const Words& keys, const Words& arguments);
  redis::Reply RunPlain(const Words& words);
  redis::Reply ReadRecord(const redis::Script* script, const Words& keys, const Words& arguments);
  redis::Reply StoreRecord(const Words& keys, Words arguments);
  redis::Reply RunWithHints(const redis::Script* script, const Words& keys, const Words& arguments);
  void Write(const Marker& marker);

  const Clock& clock_;
  const std::string name_;
  const KeySpace keys_{"kache:"};
  Memory memory_;
  Memory saved_;
  std::string run_id_;
  int starts_ = 0;
  absl::Duration ahead_;
  size_t commands_ = 0;
  bool evicts_ = false;
  uint64_t evicted_keys_ = 0;
  uint64_t emptied_ = 0;
  size_t touches_ = 0;
  Refusal refusal_;
  bool stalled_ = false;
  std::deque<std::pair<redis::Command, Answer>> backlog_;
  Memory other_database_;
  size_t scans_ = 0;
  size_t pages_ = 0;
  size_t page_keys_ = SIZE_MAX;
  size_t hints_read_ = 0;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_NODE_H_
