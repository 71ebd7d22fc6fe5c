// How servers that were away become whole again: the recovery over real redis-servers.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/notification.h"
#include "server/replication/record.h"
#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using testing::RedisServer;

constexpr int kKeys = 300;

std::string Key(int i) { return "key-" + std::to_string(i); }

void Flush(RedisServer& server) { server.Run({"FLUSHALL"}); }

class RecoveryTest : public ::testing::Test {
 protected:
  void Start(CoordinatorCluster::Options options = {}) {
    cluster_ = std::make_unique<CoordinatorCluster>(options);
  }
  void PutAll(const std::string& value) {
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(cluster_->Put(Key(i), value).ok()) << i;
  }
  // What the server holds of the key, past the record's header.
  std::string HeldBy(size_t server, const std::string& key) {
    const std::string bytes = cluster_->server(server).Run({"GET", "kache:d:" + key}).text;
    return bytes.size() < kRecordHeaderBytes ? "" : bytes.substr(kRecordHeaderBytes);
  }
  void ExpectHeldByAllHomes(const std::string& value) {
    for (int i = 0; i < kKeys; ++i) {
      for (const size_t server : cluster_->HomesOf(Key(i))) {
        EXPECT_EQ(HeldBy(server, Key(i)), value) << Key(i) << " on " << server;
      }
    }
  }
  bool WaitUntilUp(size_t server) { return cluster_->WaitForState(server, NodeState::kUp); }
  double Metric(const std::string& name) {
    return testing::MetricValue(cluster_->registry(), name);
  }

  std::unique_ptr<CoordinatorCluster> cluster_;
};

TEST_F(RecoveryTest, AFirstStartMarksAllServers) {
  Start();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(cluster_->server(i).Run({"EXISTS", "kache:m:marker"}).integer, 1);
  }
}

TEST_F(RecoveryTest, AServerThatRestartsEmptyIsRefilled) {
  Start();
  PutAll("v");
  cluster_->Hit(1, &RedisServer::Restart);
  ASSERT_TRUE(WaitUntilUp(1));
  ExpectHeldByAllHomes("v");
  EXPECT_GT(Metric("kache_recovery_resync_keys_copied_total"), 0);
}

TEST_F(RecoveryTest, NoReadSeesWhatAServerSleptThrough) {
  Start();
  PutAll("old");
  cluster_->server(0).Run({"SAVE"});
  cluster_->Hit(0, &RedisServer::Kill);
  PutAll("new");
  cluster_->server(0).Restart();  // with the old values, from its disk
  const auto all_new = [&] {
    for (int i = 0; i < kKeys; ++i) {
      const auto get = cluster_->Get(Key(i));
      EXPECT_TRUE(get.ok());
      if (!get.ok() || get->value != "new") return false;
    }
    return true;
  };
  do {
    ASSERT_TRUE(all_new());
  } while (cluster_->Status(0).state != NodeState::kUp);
  ASSERT_TRUE(all_new());
  ExpectHeldByAllHomes("new");
}

TEST_F(RecoveryTest, AServerThatIsFlushedIsRefilled) {
  Start();
  PutAll("v");
  cluster_->Hit(2, Flush);
  ASSERT_TRUE(WaitUntilUp(2));
  ExpectHeldByAllHomes("v");
}

TEST_F(RecoveryTest, AResyncGoesSlowerWhileOperationsWait) {
  CoordinatorCluster::Options options;
  options.resync_keys_per_second = 100;
  Start(options);
  PutAll("v");
  EXPECT_EQ(Metric("kache_recovery_resync_slowdowns_total"), 0);
  cluster_->Hit(2, Flush);
  // An answer that takes its time: all else in its shard waits.
  const std::string key = Key(0);
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    Notification answered;
    cluster_->coordinator().Get(key, {}, CoordinatorCluster::Deadline(),
                                [&](absl::StatusOr<ReadResult>) {
                                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
                                  answered.Notify();
                                });
    answered.WaitForNotification();
    return Metric("kache_recovery_resync_slowdowns_total") > 0;
  }));
  ASSERT_TRUE(WaitUntilUp(2));
  ExpectHeldByAllHomes("v");
}

TEST_F(RecoveryTest, AServerThatMissedNothingIsUpAtOnce) {
  Start();
  PutAll("v");
  cluster_->Hit(1, &RedisServer::Freeze);
  cluster_->server(1).Thaw();
  const absl::Time since = absl::Now();
  ASSERT_TRUE(WaitUntilUp(1));
  EXPECT_LT(absl::Now() - since, absl::Seconds(5));
  EXPECT_EQ(Metric("kache_recovery_resync_keys_copied_total"), 0);
}

TEST_F(RecoveryTest, DeletesAreNotUndoneByAReturnedServer) {
  Start();
  PutAll("v");
  cluster_->server(3).Freeze();
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    cluster_->Put("probe", "v").IgnoreError();
    return cluster_->Status(3).state == NodeState::kDown;
  }));
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(cluster_->Delete(Key(i)).ok());
  cluster_->server(3).Thaw();
  do {
    for (int i = 0; i < kKeys; ++i) {
      const auto get = cluster_->Get(Key(i));
      ASSERT_TRUE(get.ok());
      ASSERT_FALSE(get->found) << Key(i);
    }
  } while (cluster_->Status(3).state != NodeState::kUp);
  ExpectHeldByAllHomes("");
}

// The tombstones are gone by the time that the server is back.
TEST_F(RecoveryTest, DeletesAreNotUndoneAfterTheLifeOfTheirTombstones) {
  CoordinatorCluster::Options options;
  options.replication.tombstone_ttl = absl::Seconds(1);
  options.max_clock_skew = absl::ZeroDuration();
  Start(options);
  PutAll("v");
  // Longer than between two signs of life, by the last of which the absence is dated.
  const absl::Time written = absl::Now();
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return absl::Now() - written > absl::Seconds(1); }));
  cluster_->server(1).Run({"SAVE"});
  cluster_->Hit(1, &RedisServer::Kill);
  for (int i = 0; i < kKeys; i += 2) {
    ASSERT_TRUE(cluster_->Delete(Key(i)).ok());
    // It is kept until the delete's deadline at least, which is long here.
    for (const size_t home : cluster_->HomesOf(Key(i))) {
      if (home != 1) cluster_->server(home).Run({"PEXPIRE", "kache:d:" + Key(i), "1000"});
    }
  }
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    const size_t witness = cluster_->HomesOf(Key(0))[0] == 1 ? cluster_->HomesOf(Key(0))[1]
                                                             : cluster_->HomesOf(Key(0))[0];
    return cluster_->server(witness).Run({"EXISTS", "kache:d:" + Key(0)}).integer == 0;
  }));
  cluster_->server(1).Restart();
  ASSERT_TRUE(WaitUntilUp(1));
  for (int i = 0; i < kKeys; ++i) {
    const auto get = cluster_->Get(Key(i));
    ASSERT_TRUE(get.ok());
    EXPECT_EQ(get->found, i % 2 == 1) << Key(i);
  }
  EXPECT_GT(Metric("kache_recovery_resync_keys_removed_total"), 0);
}

TEST_F(RecoveryTest, AShorterLifeThatAServerMissedStillBeatsTheOldValue) {
  Start();
  const std::string key = cluster_->KeyAt(0);
  ASSERT_TRUE(cluster_->Put(key, "for ever").ok());
  cluster_->server(0).Run({"SAVE"});
  cluster_->Hit(0, &RedisServer::Kill);
  ASSERT_TRUE(cluster_->Put(key, "short", absl::Milliseconds(300)).ok());
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] { return !cluster_->Get(key)->found; }));
  cluster_->server(0).Restart();
  do {
    ASSERT_FALSE(cluster_->Get(key)->found);
  } while (cluster_->Status(0).state != NodeState::kUp);
  EXPECT_FALSE(cluster_->Get(key)->found);
  EXPECT_EQ(HeldBy(0, key), "short");  // kept, to beat older copies
}

TEST_F(RecoveryTest, AServerThatRefusedWritesIsRefilled) {
  Start();
  PutAll("old");
  cluster_->server(2).Run({"CONFIG", "SET", "maxmemory", "1"});
  PutAll("new");
  EXPECT_EQ(cluster_->Status(2).state, NodeState::kSyncing);
  cluster_->server(2).Run({"CONFIG", "SET", "maxmemory", "0"});
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    cluster_->Put("probe", "v").IgnoreError();
    return cluster_->Status(2).state == NodeState::kUp;
  }));
  ExpectHeldByAllHomes("new");
}

TEST_F(RecoveryTest, WaitsForAServerThatMayHoldWhatIsMissingUnlessItIsForsaken) {
  Start();
  PutAll("v");
  cluster_->Hit(3, &RedisServer::Kill);
  cluster_->server(0).Restart();
  ASSERT_TRUE(
      CoordinatorCluster::Eventually([&] { return cluster_->WaitingFor(0) == "node cache-3"; }));
  EXPECT_EQ(cluster_->Status(0).state, NodeState::kSyncing);
  EXPECT_EQ(cluster_->DeclareLost("cache-9").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(cluster_->DeclareLost("cache-1").code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(cluster_->DeclareLost("cache-3").ok());
  ASSERT_TRUE(WaitUntilUp(0));
  cluster_->server(3).Restart();
  ASSERT_TRUE(WaitUntilUp(3));
  ExpectHeldByAllHomes("v");
  EXPECT_EQ(cluster_->server(0).Run({"EXISTS", "kache:m:forsaken"}).integer, 0);
}

TEST_F(RecoveryTest, ASweepMendsWhatDiffers) {
  CoordinatorCluster::Options options;
  options.sweep_interval = absl::Seconds(1);
  Start(options);
  PutAll("v");
  for (int i = 0; i < kKeys; i += 3) {
    cluster_->server(cluster_->HomesOf(Key(i))[1]).Run({"DEL", "kache:d:" + Key(i)});
  }
  ASSERT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric("kache_recovery_sweep_keys_repaired_total") >= kKeys / 3; }));
  ExpectHeldByAllHomes("v");
}

TEST_F(RecoveryTest, AQuorumReadSeesAFlushAtOnce) {
  Start();
  ASSERT_TRUE(cluster_->Put("k", "v", absl::ZeroDuration(), Consistency::kQuorum).ok());
  cluster_->server(cluster_->HomesOf("k")[0]).Run({"FLUSHALL"});
  const auto get = cluster_->Get("k", {Consistency::kQuorum, {}});
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->value, "v");
}

TEST_F(RecoveryTest, ASingleServerIsItsOwnAuthority) {
  CoordinatorCluster::Options options;
  options.servers = 1;
  Start(options);
  ASSERT_TRUE(cluster_->Put("k", "v").ok());
  cluster_->Hit(0, &RedisServer::Restart);
  ASSERT_TRUE(WaitUntilUp(0));
  EXPECT_FALSE(cluster_->Get("k")->found);
  ASSERT_TRUE(cluster_->Put("k", "w").ok());
}

TEST_F(RecoveryTest, FencesAndResyncsAreCountedByNode) {
  Start();
  PutAll("v");
  cluster_->Hit(1, &RedisServer::Restart);
  ASSERT_TRUE(WaitUntilUp(1));
  EXPECT_GE(Metric("kache_recovery_fences_total{node=\"cache-1\"}"), 1);
  EXPECT_GE(Metric("kache_recovery_resyncs_total{node=\"cache-1\",result=\"done\"}"), 1);
  EXPECT_EQ(Metric("kache_recovery_fences_total{node=\"cache-0\"}"), 0);
}

TEST_F(RecoveryTest, ChecksThatAreNotAnsweredAreCounted) {
  Start();
  cluster_->server(3).Freeze();
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric("kache_recovery_looks_failed_total") > 0; }));
  cluster_->server(3).Thaw();
  EXPECT_TRUE(WaitUntilUp(3));
}

TEST_F(RecoveryTest, AResyncThatBreaksOffIsCountedAndBegunAgain) {
  CoordinatorCluster::Options options;
  options.resync_keys_per_second = 100;
  Start(options);
  PutAll("v");
  const std::string done = "kache_recovery_resyncs_total{node=\"cache-1\",result=\"done\"}";
  const double done_before = Metric(done);  // by a first start that it joined late
  cluster_->server(1).Restart();
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    return cluster_->server(1).Run({"EXISTS", "kache:m:resync-lease"}).integer == 1;
  }));
  for (const size_t source : {0, 2, 3}) cluster_->server(source).Freeze();
  EXPECT_TRUE(CoordinatorCluster::Eventually([&] {
    return Metric("kache_recovery_resyncs_total{node=\"cache-1\",result=\"failed\"}") > 0;
  }));
  for (const size_t source : {0, 2, 3}) cluster_->server(source).Thaw();
  EXPECT_EQ(Metric(done), done_before);
  EXPECT_TRUE(WaitUntilUp(1));
  ExpectHeldByAllHomes("v");
}

TEST_F(RecoveryTest, ASweepThatBreaksOffIsCounted) {
  CoordinatorCluster::Options options;
  options.sweep_keys_per_second = 50;
  Start(options);
  PutAll("v");
  cluster_->server(2).Run({"HSET", "kache:m:sweep", "due", "1"});
  ASSERT_TRUE(CoordinatorCluster::Eventually([&] {
    return cluster_->server(2).Run({"EXISTS", "kache:m:sweep-lease"}).integer == 1;
  }));
  cluster_->server(2).Kill();
  EXPECT_TRUE(CoordinatorCluster::Eventually(
      [&] { return Metric("kache_recovery_sweeps_failed_total") == 1; }));
}

}  // namespace
}  // namespace kache
