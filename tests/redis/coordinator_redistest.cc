// The coordinator over real redis-servers, all well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "base/deferred_wakes.h"
#include "server/replication/coordinator.h"
#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/redis_monitor.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::RedisMonitor;
using ::testing::StartsWith;

CoordinatorCluster::Options WithCopies(size_t servers, uint32_t copies) {
  CoordinatorCluster::Options options;
  options.servers = servers;
  options.replication.replication_factor = copies;
  return options;
}

TEST(Coordinator, ReadsWhatWasWritten) {
  CoordinatorCluster cluster(CoordinatorCluster::Patient());
  std::string value(100'000, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7);
  const std::string key("\0\r\n\xFF key", 8);
  const auto put = cluster.Put(key, value);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_FALSE(put->degraded);
  const auto get = cluster.Get(key);
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_TRUE(get->found);
  EXPECT_EQ(get->value, value);
  EXPECT_EQ(get->receipt.version, put->version);
  EXPECT_EQ(get->receipt.node->index(), cluster.HomesOf(key)[0]);
  EXPECT_FALSE(get->receipt.degraded);
  EXPECT_TRUE(SameClock(put->version.clock, cluster.coordinator().id()));
}

TEST(Coordinator, MissesWhatWasNeverWrittenOrIsDeleted) {
  CoordinatorCluster cluster;
  EXPECT_FALSE(cluster.Get("k")->found);
  cluster.Put("k", "v").IgnoreError();
  const auto deletion = cluster.Delete("k");
  ASSERT_TRUE(deletion.ok());
  const auto get = cluster.Get("k");
  EXPECT_FALSE(get->found);
  EXPECT_EQ(get->receipt.version, deletion->version);
  EXPECT_TRUE(cluster.Delete("never written").ok());
}

TEST(Coordinator, KeepsTheLastOfManyWritesOfOneKey) {
  CoordinatorCluster cluster;
  Version last;
  for (int i = 0; i < 500; ++i) {
    const auto put = cluster.Put("k", std::to_string(i));
    ASSERT_GT(put->version, last);
    last = put->version;
    ASSERT_EQ(cluster.Get("k")->value, std::to_string(i));
  }
}

TEST(Coordinator, EachReplicaEndsInTheSameMillisecond) {
  CoordinatorCluster cluster;
  const auto put = cluster.Put("k", "v", absl::Seconds(100));
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  for (const size_t home : cluster.HomesOf("k")) {
    EXPECT_EQ(cluster.EndOf("k", home), put->expires_at_ms);
  }
  EXPECT_EQ(cluster.Get("k")->receipt.expires_at_ms, put->expires_at_ms);
}

TEST(Coordinator, AValueOfTwoSecondsIsAMissAfterTwoPointOne) {
  CoordinatorCluster cluster;
  cluster.Put("for ever", "v").IgnoreError();
  const absl::Time start = absl::Now();
  const auto put = cluster.Put("k", "v", absl::Seconds(2));
  const absl::Time end = absl::FromUnixMillis(put->expires_at_ms);
  // Cluster time is known to within half a round trip, which a busy machine makes long.
  constexpr absl::Duration kGrain = absl::Milliseconds(50);
  EXPECT_GE(end, start + absl::Seconds(2) - kGrain);
  bool found = true;
  while (absl::Now() < start + absl::Milliseconds(2100)) {
    const absl::Time before = absl::Now();
    found = cluster.Get("k")->found;
    // A read that began after the end, or ended before it, leaves no doubt.
    if (before >= end + kGrain) {
      EXPECT_FALSE(found);
    }
    if (absl::Now() < end - kGrain) {
      EXPECT_TRUE(found);
    }
  }
  EXPECT_FALSE(cluster.Get("k")->found);
  EXPECT_TRUE(cluster.Get("for ever")->found);
}

TEST(Coordinator, SendsEachWriteOnceToEachReplica) {
  CoordinatorCluster cluster(CoordinatorCluster::Patient());
  std::vector<std::unique_ptr<RedisMonitor>> monitors;
  for (size_t i = 0; i < cluster.servers(); ++i) {
    monitors.push_back(std::make_unique<RedisMonitor>(cluster.server(i)));
  }
  ASSERT_TRUE(cluster.Put("k", "v").ok());
  ASSERT_TRUE(cluster.Put("k", "w", absl::Seconds(10)).ok());
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  const std::vector<size_t> homes = cluster.HomesOf("k");
  for (size_t i = 0; i < cluster.servers(); ++i) {
    if (std::ranges::find(homes, i) != homes.end()) {
      EXPECT_THAT(monitors[i]->CommandsOn("kache:d:k"), ElementsAre("evalsha", "evalsha"));
    } else {
      EXPECT_THAT(monitors[i]->CommandsOn("kache:d:k"), IsEmpty());
    }
  }
}

TEST(Coordinator, SendsAReadOnceInAll) {
  CoordinatorCluster cluster(CoordinatorCluster::Patient());
  std::vector<std::unique_ptr<RedisMonitor>> monitors;
  for (size_t i = 0; i < cluster.servers(); ++i) {
    monitors.push_back(std::make_unique<RedisMonitor>(cluster.server(i)));
  }
  EXPECT_FALSE(cluster.Get("k")->found);
  for (size_t i = 0; i < cluster.servers(); ++i) {
    if (i == cluster.HomesOf("k")[0]) {
      EXPECT_THAT(monitors[i]->CommandsOn("kache:d:k"), ElementsAre("get"));
    } else {
      EXPECT_THAT(monitors[i]->CommandsOn("kache:d:k"), IsEmpty());
    }
  }
}

TEST(Coordinator, ReadsAKeyOnceForAllWhoAskTogether) {
  CoordinatorCluster cluster;
  ASSERT_TRUE(cluster.Put("k", "v").ok());
  RedisMonitor monitor(cluster.server(cluster.HomesOf("k")[0]));
  constexpr size_t kReads = 20;
  std::atomic<size_t> right = 0;
  {
    DeferredWakes together;
    for (size_t i = 0; i < kReads; ++i) {
      cluster.coordinator().Get("k", {}, CoordinatorCluster::Deadline(),
                                [&](const absl::StatusOr<ReadResult>& result) {
                                  if (result.ok() && result->value == "v") ++right;
                                });
    }
  }
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  EXPECT_EQ(right, kReads);
  EXPECT_THAT(monitor.CommandsOn("kache:d:k"), ElementsAre("get"));
}

TEST(Coordinator, LocatesAKey) {
  CoordinatorCluster cluster;
  const auto put = cluster.Put("k", "value", absl::Seconds(100));
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  const auto location = cluster.Locate("k");
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location->token, HashRing::Token("k"));
  EXPECT_EQ(location->home_replicas, 3u);
  ASSERT_EQ(location->replicas.size(), 4u);
  for (size_t i = 0; i < 3; ++i) {
    const ReplicaContent& replica = location->replicas[i];
    EXPECT_EQ(replica.node.index(), cluster.HomesOf("k")[i]);
    EXPECT_EQ(replica.kind, ReplicaContent::Kind::kValue);
    EXPECT_EQ(replica.version, put->version);
    EXPECT_EQ(replica.expires_at_ms, put->expires_at_ms);
    EXPECT_EQ(replica.value_bytes, 5u);
  }
  EXPECT_EQ(location->replicas[3].kind, ReplicaContent::Kind::kNone);
  EXPECT_EQ(location->served_by->index(), cluster.HomesOf("k")[0]);
}

TEST(Coordinator, KeepsAsManyCopiesAsThereAreServers) {
  CoordinatorCluster cluster(WithCopies(/*servers=*/4, /*copies=*/5));
  ASSERT_TRUE(cluster.Put("k", "v").ok());
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(cluster.server(i).Run({"EXISTS", "kache:d:k"}).integer, 1) << i;
  }
}

TEST(Coordinator, ServesFromOneSingleServer) {
  CoordinatorCluster cluster(WithCopies(/*servers=*/1, /*copies=*/3));
  ASSERT_TRUE(cluster.Put("k", "v").ok());
  EXPECT_EQ(cluster.Get("k")->value, "v");
  cluster.server(0).Kill();
  ASSERT_TRUE(cluster.WaitForState(0, NodeState::kDown));
  EXPECT_EQ(cluster.Get("k").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(cluster.Put("k", "v").status().code(), absl::StatusCode::kUnavailable);
}

TEST(Coordinator, TouchesNothingOutsideItsPrefix) {
  CoordinatorCluster cluster;
  cluster.server(0).Run({"SET", "foreign", "v"});
  for (int i = 0; i < 100; ++i) {
    const std::string key = std::to_string(i);
    ASSERT_TRUE(cluster.Put(key, "v").ok());
    ASSERT_TRUE(cluster.Put("foreign", "mine").ok());
    ASSERT_TRUE(cluster.Delete(key).ok());
    ASSERT_TRUE(cluster.Get(key).ok());
  }
  ASSERT_TRUE(cluster.coordinator().Drain(CoordinatorCluster::kPatience));
  EXPECT_EQ(cluster.server(0).Run({"GET", "foreign"}).text, "v");
  cluster.server(0).Run({"DEL", "foreign"});
  for (size_t i = 0; i < cluster.servers(); ++i) {
    std::vector<std::string> keys;
    for (const redis::Reply& key : cluster.server(i).Run({"KEYS", "*"}).elements) {
      keys.push_back(key.text);
    }
    EXPECT_THAT(keys, Each(StartsWith("kache:")));
    EXPECT_GT(keys.size(), 20u);
  }
}

}  // namespace
}  // namespace kache
