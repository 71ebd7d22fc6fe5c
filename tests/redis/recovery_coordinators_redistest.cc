// Several coordinators over the same real redis-servers: rings, leases, and those that vanish.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/marker.h"
#include "server/bookkeeping/missed_note.h"
#include "server/replication/record.h"
#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;

constexpr int kKeys = 200;
constexpr uint64_t kDead = 0xDEAD;  // a coordinator that is no more

std::string Key(int i) { return "key-" + std::to_string(i); }

class CoordinatorsTest : public ::testing::Test {
 protected:
  void Start(const CoordinatorCluster::Options& options = {}) {
    first_ = std::make_unique<CoordinatorCluster>(options);
  }
  void StartSecond(const CoordinatorCluster::Options& options = {}) {
    second_ = std::make_unique<CoordinatorCluster>(options, *first_);
  }
  void PutAll(const std::string& value, Consistency consistency = Consistency::kAll) {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(first_->Put(Key(i), value, absl::ZeroDuration(), consistency).ok()) << i;
    }
  }
  // Settings of a ring with so many virtual nodes, which accept the change from the first one's.
  CoordinatorCluster::Options Accepting(uint32_t vnodes) const {
    const HashRing ring({"cache-0", "cache-1", "cache-2", "cache-3"}, vnodes);
    CoordinatorCluster::Options options;
    options.vnodes = vnodes;
    options.accept_ring =
        RingChange{.from = first_->RingFingerprint(),
                   .to = ring.Fingerprint(options.replication.replication_factor)};
    return options;
  }
  static double Metric(CoordinatorCluster& cluster, const std::string& name) {
    return testing::MetricValue(cluster.registry(), name);
  }
  // Leaves on every server what a coordinator that was killed leaves there.
  void PlantDeadCoordinator(const std::string& missed_node = "") {
    for (size_t i = 0; i < first_->servers(); ++i) {
      const std::string now = std::to_string(absl::ToUnixMillis(absl::Now()));
      first_->server(i).Run(
          {"HSET", "kache:m:coordinators", CoordinatorText(kDead), now + " 100 0"});
      if (missed_node.empty()) continue;
      first_->server(i).Run(
          {"HSET", "kache:m:missed", MissedField(missed_node, kDead), "1 " + now});
    }
  }

  std::unique_ptr<CoordinatorCluster> first_;
  std::unique_ptr<CoordinatorCluster> second_;
};

TEST_F(CoordinatorsTest, AnotherRingIsNotServed) {
  Start();
  PutAll("v");
  CoordinatorCluster::Options other;
  other.vnodes = 50;
  StartSecond(other);
  ASSERT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric(*second_, "kache_recovery_ring_mismatch") == 1; }));
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return second_->Status(0).reason == "ring_mismatch"; }));
  EXPECT_EQ(second_->Get(Key(0)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second_->Put(Key(0), "w").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(first_->Get(Key(0))->value, "v");
  EXPECT_EQ(Metric(*first_, "kache_recovery_ring_mismatch"), 0);
}

TEST_F(CoordinatorsTest, AnAcceptedRingIsFilledFromTheOldOne) {
  Start();
  PutAll("v");
  first_->DestroyCoordinator();
  StartSecond(Accepting(50));
  ASSERT_TRUE(second_->WaitUntilAllUp());
  EXPECT_EQ(Metric(*second_, "kache_recovery_ring_mismatch"), 0);
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_EQ(second_->Get(Key(i))->value, "v") << Key(i);
    for (const size_t server : second_->HomesOf(Key(i))) {
      EXPECT_EQ(second_->server(server).Run({"EXISTS", "kache:d:" + Key(i)}).integer, 1);
    }
  }
}

// Whoever was started for the old ring must not go on beside the new one.
TEST_F(CoordinatorsTest, ARingThatAnotherAcceptedStopsTheOldOne) {
  Start();
  StartSecond(Accepting(50));
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return first_->Status(0).reason == "ring_mismatch"; }));
  ASSERT_TRUE(second_->WaitUntilAllUp());
  EXPECT_EQ(first_->Put("k", "v").status().code(), absl::StatusCode::kUnavailable);
}

// The setting was left in place, and the next change of the settings is a mistake.
TEST_F(CoordinatorsTest, AnAcceptedRingCountsForNoOtherRingOfTheSettings) {
  Start();
  PutAll("v");
  CoordinatorCluster::Options wrong = Accepting(50);
  wrong.vnodes = 60;
  StartSecond(wrong);
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return second_->Status(0).reason == "ring_mismatch"; }));
  EXPECT_EQ(first_->Get(Key(0))->value, "v");
}

TEST_F(CoordinatorsTest, AnAcceptedRingCountsForNodesOfNoOtherRing) {
  Start();
  PutAll("v");
  const CoordinatorCluster::Options earlier = Accepting(50);
  first_->DestroyCoordinator();
  StartSecond(Accepting(60));
  ASSERT_TRUE(second_->WaitUntilAllUp());
  const auto late = std::make_unique<CoordinatorCluster>(earlier, *first_);
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return late->Status(0).reason == "ring_mismatch"; }));
  EXPECT_EQ(second_->Get(Key(0))->value, "v");
}

TEST_F(CoordinatorsTest, AllSeeTheFenceThatOneRaised) {
  Start();
  StartSecond();
  ASSERT_TRUE(second_->WaitUntilAllUp());
  PutAll("v");
  const absl::Time first_before = first_->Status(1).since;
  const absl::Time second_before = second_->Status(1).since;
  first_->server(1).Restart();  // empty
  ASSERT_TRUE(first_->WaitForChange(1, first_before));
  ASSERT_TRUE(second_->WaitForChange(1, second_before));
  ASSERT_TRUE(first_->WaitUntilAllUp());
  ASSERT_TRUE(second_->WaitUntilAllUp());
  const std::string fences = "kache_recovery_fences_total{node=\"cache-1\"}";
  EXPECT_GE(Metric(*first_, fences) + Metric(*second_, fences), 1);
  const std::string done = "kache_recovery_resyncs_total{node=\"cache-1\",result=\"done\"}";
  EXPECT_GE(Metric(*first_, done) + Metric(*second_, done), 1);
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(second_->Get(Key(i))->value, "v");
}

// The holder of the lease has died: the next one waits until it has run out, then goes on.
TEST_F(CoordinatorsTest, AResyncIsTakenOverWhenItsHolderIsGone) {
  Start();
  PutAll("v");
  // It comes back from the disk together with the server.
  first_->server(2).Run({"SET", "kache:m:resync-lease", CoordinatorText(kDead), "EX", "600"});
  first_->server(2).Run({"SAVE"});
  first_->server(2).Kill();
  ASSERT_TRUE(first_->WaitForState(2, NodeState::kDown));
  first_->server(2).Restart();
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return first_->Status(2).reason == "resync"; }));
  first_->server(2).Run({"PEXPIRE", "kache:m:resync-lease", "1500"});
  ASSERT_TRUE(first_->WaitUntilAllUp());
  EXPECT_EQ(first_->server(2).Run({"EXISTS", "kache:m:resync-lease"}).integer, 0);
  EXPECT_EQ(Metric(*first_, "kache_recovery_resyncs_total{node=\"cache-2\",result=\"done\"}"), 1);
}

// It is killed half way through the comparison of a node that came back empty.
TEST_F(CoordinatorsTest, AnotherGoesOnWithAComparisonWhereTheFirstOneWasKilled) {
  constexpr int kMany = 60'000;
  constexpr uint32_t kPerSecond = 20'000;
  CoordinatorCluster::Options options;
  options.servers = 3;  // each is home to all keys
  options.resync_keys_per_second = kPerSecond;
  Start(options);
  const std::string record = EncodeRecord({{uint64_t{1} << 16, 1}, 0, false, "value"});
  for (size_t i = 0; i < 3; ++i) {
    first_->server(i).Run({"EVAL",
                           "for i = 1, ARGV[2] do redis.call('SET', KEYS[1] .. i, ARGV[1]) end",
                           "1", "kache:d:", record, std::to_string(kMany)});
  }
  const auto held = [&] { return first_->server(0).Run({"DBSIZE"}).integer; };
  first_->server(0).Restart();  // empty
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return held() > kMany / 2; }));
  first_->KillCoordinator();
  const int64_t before = held();
  ASSERT_LT(before, kMany);
  StartSecond(options);
  ASSERT_TRUE(second_->WaitUntilAllUp());
  EXPECT_EQ(first_->server(0)
                .Run({"EVAL",
                      "local held = 0; for i = 1, ARGV[1] do held = held + "
                      "redis.call('EXISTS', KEYS[1] .. i) end return held",
                      "1", "kache:d:", std::to_string(kMany)})
                .integer,
            kMany);
  // What was left of the first source, all of the second one, and what the first one had brought
  // beyond its last checkpoint.
  const double seen = Metric(*second_, "kache_recovery_resync_keys_seen_total");
  EXPECT_LE(seen, 2 * kMany - before + kPerSecond / 2);
  EXPECT_GE(seen, 2 * kMany - before - 10);
}

TEST_F(CoordinatorsTest, AVanishedCoordinatorIsCountedAndSweptAfter) {
  Start();
  PutAll("v");
  const size_t second_home = first_->HomesOf(Key(0))[1];
  first_->server(second_home).Run({"DEL", "kache:d:" + Key(0)});  // what it left half done
  PlantDeadCoordinator();
  ASSERT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric(*first_, "kache_recovery_coordinators_vanished_total") >= 1; }));
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    return first_->server(second_home).Run({"EXISTS", "kache:d:" + Key(0)}).integer == 1;
  }));
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric(*first_, "kache_recovery_sweep_keys_repaired_total") >= 1; }));
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric(*first_, "kache_recovery_sweeps_total") >= 4; }));
  for (size_t i = 0; i < first_->servers(); ++i) {
    EXPECT_EQ(
        first_->server(i).Run({"HEXISTS", "kache:m:coordinators", CoordinatorText(kDead)}).integer,
        0);
  }
}

// Its note says that a node lacks writes: somebody else fences and refills that node.
TEST_F(CoordinatorsTest, ADeadCoordinatorsNoteIsSeenTo) {
  Start();
  PutAll("v");
  const size_t second_home = first_->HomesOf(Key(0))[1];
  first_->server(second_home).Run({"DEL", "kache:d:" + Key(0)});
  PlantDeadCoordinator("cache-" + std::to_string(second_home));
  ASSERT_TRUE(CoordinatorCluster::Eventually(
      [&] { return first_->Status(second_home).state == NodeState::kSyncing; }));
  ASSERT_TRUE(first_->WaitUntilAllUp());
  EXPECT_EQ(first_->server(second_home).Run({"EXISTS", "kache:d:" + Key(0)}).integer, 1);
  for (size_t i = 0; i < first_->servers(); ++i) {
    EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
      return first_->server(i).Run({"EXISTS", "kache:m:missed"}).integer == 0;
    })) << i;
  }
}

// The note is gone before the node is whole: nobody takes it for one of new misses.
TEST_F(CoordinatorsTest, ADeadCoordinatorsNoteIsSeenToOnce) {
  Start();
  StartSecond();
  ASSERT_TRUE(second_->WaitUntilAllUp());
  const auto marker = [&] {
    return ParseMarker(first_->server(1).Run({"GET", "kache:m:marker"}).text).value();
  };
  const FenceNumber before = marker().fence;
  PlantDeadCoordinator("cache-1");
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return marker().fence > before; }));
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return marker().whole; }));
  // It left no hints, so the fence was raised once more, for a comparison.
  const FenceNumber last = marker().fence;
  ASSERT_TRUE(first_->WaitUntilAllUp());
  ASSERT_TRUE(second_->WaitUntilAllUp());
  const absl::Time later = absl::Now() + absl::Seconds(1);
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return absl::Now() > later; }));
  EXPECT_EQ(marker().fence, last);
}

TEST_F(CoordinatorsTest, ACoordinatorThatSaysGoodbyeIsNotMissed) {
  Start();
  StartSecond();
  ASSERT_TRUE(second_->WaitUntilAllUp());
  second_.reset();
  EXPECT_EQ(first_->server(0).Run({"HLEN", "kache:m:coordinators"}).integer, 1);
  const absl::Time later = absl::Now() + absl::Seconds(2);
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return absl::Now() > later; }));
  EXPECT_EQ(Metric(*first_, "kache_recovery_coordinators_vanished_total"), 0);
}

// A node that could not be reached when the others were told that a doubt is over.
TEST_F(CoordinatorsTest, NotesThatOutlivedTheirDoubtAreForgotten) {
  Start();
  first_->server(1).Kill();
  ASSERT_TRUE(first_->WaitForState(1, NodeState::kDown));
  PutAll("v", Consistency::kOne);
  first_->server(1).Restart();
  ASSERT_TRUE(first_->WaitUntilAllUp());
  const std::string field = MissedField("cache-1", first_->coordinator().id());
  first_->server(2).Run({"HSET", "kache:m:missed", field, "1 1"});
  first_->server(2).Run({"HSET", "kache:m:forsaken", "cache-1", "1"});
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    return first_->server(2).Run({"EXISTS", "kache:m:missed", "kache:m:forsaken"}).integer == 0;
  }));
  EXPECT_EQ(first_->Status(1).state, NodeState::kUp);
}

}  // namespace
}  // namespace kache
