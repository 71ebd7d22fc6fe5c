// A random history of a small cluster, on played nodes and a fake clock: writes and deletes go on
// while nodes and coordinators die, stand still, forget, are cut off and come back. The same seed
// plays the same history.
//
//   RandomPlay play(seed, {.copies = 2});
//   play.Run(80);
//   play.Heal();
//   play.CheckTheEnd();
//   EXPECT_FALSE(play.failed()) << play.story();
//
// What must hold at any time:
//   * No coordinator that can know better goes on reading a node at ONE that lacks an acknowledged
//     write, or undoes an acknowledged delete, for longer than it takes to notice an absence that
//     only others saw.
//   * Fences of one process of a node never go back.
// And once all faults have ended:
//   * Every node is UP, all home replicas agree, nobody else holds anything, and no bookkeeping is
//     left over.
#ifndef KACHE_TESTS_TESTING_RANDOM_PLAY_H_
#define KACHE_TESTS_TESTING_RANDOM_PLAY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/testing/played_cluster.h"
#include "tests/testing/quorum_play.h"

namespace kache::testing {

struct RandomPlayRules {
  size_t nodes = 4;
  size_t coordinators = 3;
  uint32_t copies = 3;
  absl::Duration tombstone_ttl = absl::Hours(1);
  // The next fault begins once the cluster has got over the one before. Then nothing may be lost.
  bool one_fault_at_a_time = false;
  absl::Duration longest_fault = absl::Seconds(20);
  // Others are written and read at QUORUM meanwhile (quorum_play.h).
  bool at_quorum = false;
};

class RandomPlay {
 public:
  RandomPlay(uint64_t seed, const RandomPlayRules& rules);

  // So many faults, with writes before each.
  void Run(int steps);
  // All faults end.
  void Heal();
  // After all faults have ended, and all was swept.
  void CheckTheEnd();

  // Something of what must hold did not; `story` says what, and all that went before.
  bool failed() const { return failed_; }
  std::string story() const { return story_.str(); }
  // The last copy of an acknowledged write went with a node's memory.
  bool has_lost() const { return has_lost_; }
  const QuorumPlay& quorum() const { return quorum_; }

 private:
  static constexpr size_t kKeys = 12;
  static constexpr size_t kPageKeys = 3;  // of SCAN
  static constexpr absl::Duration kTick = absl::Milliseconds(20);
  static constexpr absl::Duration kSlice = absl::Milliseconds(200);

  struct Acknowledged {
    Version version;
    bool tombstone = false;
  };
  struct SeenFence {
    std::string run_id;
    FenceNumber number{};
  };

  static RecoveryConfig Config(const RandomPlayRules& rules);
  // Until a coordinator has noticed what only others saw: an interval of its inspections, and what
  // a write and its note take.
  absl::Duration Patience() const { return cluster_.config().check_interval + absl::Seconds(2); }
  static std::string KeyOf(size_t key) { return "key-" + std::to_string(key); }
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t bound) { return Below(bound) == 0; }
  absl::Duration FaultTime() {
    return absl::Milliseconds(
        100 + Below(static_cast<uint64_t>(absl::ToInt64Milliseconds(rules_.longest_fault))));
  }
  std::ostream& Log(const std::string& what) {
    return story_ << "\n" << absl::ToDoubleSeconds(now_) << " s: " << what;
  }
  void Fail(const std::string& what);
  // Who knows what of the key.
  void Describe(const std::string& key);
  static std::string Describe(const Version& version);

  void Pass(absl::Duration duration);
  void Write();

  // The newest version that stands anywhere.
  Version NewestOf(const std::string& key);
  // What no memory holds any more was lost with that of the node.
  void AfterLoss();
  bool HasDied(const Acknowledged& tombstone);
  // By a later delete that was begun and not acknowledged, as its coordinator stands still, or has
  // died: once its tombstone has ended, nothing shows that it was there.
  bool MayBeDeleted(const std::string& key, const Acknowledged& acknowledged);

  // Faults.

  void Forget(size_t node);
  void Kill(size_t node);
  void Return(size_t node, uint64_t how);
  void Crash(size_t coordinator);
  void Goodbye(size_t coordinator);
  void SetLag(size_t coordinator) {
    cluster_.coordinator(coordinator).SetLag(kTick * static_cast<int64_t>(Below(4)));
  }
  void SetClock(size_t node);

  // One after another, and all the time.
  void AnyFault();
  // Begins and ends, while writes go on; and the cluster gets over it.
  void OneFault();
  bool IsCalm();

  // What must hold.

  void CheckFences();
  // Whether who reads the key on the node is answered by something older than it may be.
  bool Lacks(size_t node, const std::string& key, const Acknowledged& acknowledged);
  // Whoever reaches no node that took the write, or was told who lacks it, can't know. That needs
  // several faults at a time.
  bool CanKnow(size_t coordinator, size_t home, const std::string& key,
               const Acknowledged& acknowledged);
  void CheckReads();
  PreferenceList HomesOf(const std::string& key);
  void CheckKeyAtTheEnd(const std::string& key);
  void CheckBookkeeping(size_t node);

  const RandomPlayRules rules_;
  std::mt19937_64 random_;
  std::map<std::string, Acknowledged> acknowledged_;                             // by key
  std::map<std::tuple<size_t, uint64_t, std::string>, absl::Duration> lacking_;  // since when
  std::map<std::string, uint64_t> begun_deletes_;  // by key: the stamp of the last
  std::vector<SeenFence> fences_;
  absl::Duration now_;
  uint64_t values_ = 0;
  uint64_t last_stamp_ = 0;
  bool has_lost_ = false;
  bool failed_ = false;
  std::ostringstream story_;
  PlayedCluster cluster_;
  QuorumPlay quorum_{cluster_, random_};  // by a generator of its own
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_RANDOM_PLAY_H_
