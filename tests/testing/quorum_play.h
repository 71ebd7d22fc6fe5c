// What is written and read at QUORUM during a random history (random_play.h), by all coordinators
// that go on, on keys of its own: values, values that end soon, and deletes.
//
// What must hold: a read answers no older than what was acknowledged at QUORUM before it began. It
// may be a miss where that was a delete, or has ended, or where a later delete or a value that ends
// was begun and not acknowledged. It may fail.
#ifndef KACHE_TESTS_TESTING_QUORUM_PLAY_H_
#define KACHE_TESTS_TESTING_QUORUM_PLAY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/replication/results.h"
#include "tests/testing/played_cluster.h"

namespace kache::testing {

class QuorumPlay {
 public:
  // `cluster` outlives it.
  QuorumPlay(PlayedCluster& cluster, const std::mt19937_64& random)
      : cluster_(cluster), random_(random) {}

  // Each coordinator that goes on reads a key, and may write one. False: something did not hold.
  bool Go();
  // Each coordinator that goes on reads all keys once, while nothing is written: what a node that
  // is back undoes stays undone. False: something did not hold.
  bool ReadAll();
  // A node's memory was lost: what no node holds any more is not asked for.
  void AfterLoss();

  // What did not hold; empty = all did.
  const std::string& failure() const { return failure_; }
  size_t answered() const { return answered_; }
  size_t refused() const { return refused_; }

 private:
  // So many that a key is seldom written again before what was written last has ended, and whoever
  // missed that is back.
  static constexpr size_t kKeys = 48;

  // A node that had all that was written before, and the process that it was.
  struct Witness {
    size_t node = 0;
    std::string run_id;
    friend bool operator==(const Witness&, const Witness&) = default;
  };
  // What was acknowledged last.
  struct Floor {
    Version version;
    bool is_delete = false;
    absl::Time ends = absl::InfiniteFuture();
    std::vector<Witness> witnesses = {};
  };
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  void Write(size_t coordinator);
  void Read(size_t coordinator, const std::string& key);
  void Check(size_t coordinator, const std::string& key, const Floor& floor,
             const absl::StatusOr<ReadResult>& result);
  // Whether nothing may be found.
  bool MayBeGone(const std::string& key, const Floor& floor);
  // A delete, or a life that is over, whose records have ended everywhere, and which nothing proves
  // any more: no home replica was whole then, and until what was ended was older than a write may
  // be on its way, and has kept its memory since. So none had for certain what was ended, and that
  // they lack it says nothing (docs/consistency.md).
  bool MayBeForgotten(const Floor& floor);
  // The key's home replicas that are UP to a coordinator that goes on.
  std::vector<Witness> Witnesses(const std::string& key);
  // Drops those that did not stay UP.
  void WatchWitnesses();
  Version NewestOf(const std::string& key);
  std::string Describe(const std::string& key);

  PlayedCluster& cluster_;
  std::mt19937_64 random_;
  std::map<std::string, Floor> floors_;         // by key
  std::map<std::string, uint64_t> ends_begun_;  // by key: the stamp of the last that ends a value
  std::map<std::string, Version> lost_;         // by key: what no node holds any more
  uint64_t last_stamp_ = 0;
  uint64_t values_ = 0;
  size_t answered_ = 0;
  size_t refused_ = 0;
  std::string failure_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_QUORUM_PLAY_H_
