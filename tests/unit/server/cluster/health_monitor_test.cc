#include "server/cluster/health_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/testing/captured_log.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/standings.h"

namespace kache {
namespace {

using ::kache::testing::FakeClock;
using ::testing::ElementsAre;

constexpr NodeId kA{0};
constexpr NodeId kB{1};
constexpr NodeId kC{2};

class HealthMonitorTest : public ::testing::Test {
 protected:
  explicit HealthMonitorTest(size_t shards = 1) : monitor_(Ring(), shards, clock_) {}

  static std::shared_ptr<const HashRing> Ring() {
    return std::make_shared<HashRing>(std::vector<std::string>{"a", "b", "c"}, 10);
  }
  void Connect(NodeId node, const std::string& run_id, size_t shard = 0) {
    monitor_.OnConnected(shard, node, {run_id, "7.0.15"});
    testing::FindAllWhole(monitor_);
  }
  // As a connection that was asked now reaches it.
  void Reach(NodeId node, const std::string& run_id, size_t shard = 0) {
    clock_.Advance(absl::Milliseconds(1));
    monitor_.OnConnected(shard, node, {run_id, "7.0.15", clock_.Monotonic()});
    testing::FindAllWhole(monitor_);
  }
  void ReachByRecovery(NodeId node, const std::string& run_id) {
    clock_.Advance(absl::Milliseconds(1));
    monitor_.OnRecoveryConnected(node, {run_id, "7.0.15", clock_.Monotonic()});
    testing::FindAllWhole(monitor_);
  }
  void Drop(NodeId node, const std::string& reason = "connection_lost", size_t shard = 0) {
    monitor_.OnDown(shard, node, {reason, "for people"});
  }
  NodeStatus Status(NodeId node) { return monitor_.topology()->nodes[node.index()]; }

  FakeClock clock_;
  HealthMonitor monitor_;
};

class HealthMonitorOf2ShardsTest : public HealthMonitorTest {
 protected:
  HealthMonitorOf2ShardsTest() : HealthMonitorTest(2) {}
};

TEST_F(HealthMonitorTest, StartsWithAllNodesDown) {
  const auto topology = monitor_.topology();
  ASSERT_EQ(topology->nodes.size(), 3u);
  EXPECT_EQ(topology->ring->nodes(), 3u);
  for (const NodeStatus& node : topology->nodes) {
    EXPECT_EQ(node.state, NodeState::kDown);
    EXPECT_EQ(node.reason, "connecting");
    EXPECT_EQ(node.since, clock_.Now());
  }
}

TEST_F(HealthMonitorTest, PublishesTopologiesThatNeverChange) {
  Connect(kA, "run-a");
  const auto before = monitor_.topology();
  Drop(kA);
  EXPECT_EQ(before->nodes[0].state, NodeState::kUp);
  EXPECT_EQ(monitor_.topology()->nodes[0].state, NodeState::kDown);
  EXPECT_EQ(monitor_.topology()->nodes[0].reason, "connection_lost");
}

TEST_F(HealthMonitorTest, PublishesOnlyChanges) {
  Connect(kA, "run-a");
  const auto before = monitor_.topology();
  testing::FindAllWhole(monitor_);
  monitor_.OnPing(kA, absl::Milliseconds(1));
  monitor_.OnWriteAccepted(kA);
  monitor_.Tick();
  EXPECT_EQ(monitor_.topology(), before);
}

TEST_F(HealthMonitorOf2ShardsTest, NeedsTheConnectionsOfAllShards) {
  Connect(kA, "run-a", 0);
  EXPECT_EQ(Status(kA).state, NodeState::kDown);
  Connect(kA, "run-a", 1);
  EXPECT_EQ(Status(kA).state, NodeState::kUp);
}

TEST_F(HealthMonitorTest, FollowsRefusedWrites) {
  Connect(kA, "run-a");
  monitor_.OnWriteRefused(kA, "OOM command not allowed");
  EXPECT_EQ(Status(kA).state, NodeState::kSyncing);
  EXPECT_EQ(Status(kA).reason, "oom");
  clock_.Advance(HealthTracker::kRefusalBackoffMin);
  EXPECT_FALSE(Status(kA).takes_writes);
  monitor_.Tick();
  EXPECT_TRUE(Status(kA).takes_writes);
  monitor_.OnWriteAccepted(kA);
  EXPECT_EQ(Status(kA).state, NodeState::kUp);
}

TEST_F(HealthMonitorTest, RemembersTheNewestPing) {
  EXPECT_EQ(monitor_.pings()[1].at, absl::InfinitePast());
  monitor_.OnPing(kB, absl::Milliseconds(2));
  clock_.Advance(absl::Seconds(3));
  monitor_.OnPing(kB, absl::Milliseconds(5));
  EXPECT_EQ(monitor_.pings()[1].at, clock_.Now());
  EXPECT_EQ(monitor_.pings()[1].round_trip, absl::Milliseconds(5));
  EXPECT_EQ(monitor_.pings()[0].at, absl::InfinitePast());
}

TEST_F(HealthMonitorTest, RefusesTheLaterOfTwoEntriesForOneServer) {
  Connect(kB, "run");
  Connect(kA, "run");
  Connect(kC, "run-c");
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
  EXPECT_EQ(Status(kC).state, NodeState::kUp);
  EXPECT_EQ(Status(kA).state, NodeState::kDown);
  EXPECT_EQ(Status(kA).reason, "duplicate_of:b");
}

TEST_F(HealthMonitorOf2ShardsTest, RefusesOneOfTwoEntriesInWhateverOrderTheyConnect) {
  Connect(kA, "run", 0);
  Connect(kB, "run", 0);
  Connect(kB, "run", 1);
  Connect(kA, "run", 1);
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
  EXPECT_EQ(Status(kA).reason, "duplicate_of:b");
}

TEST_F(HealthMonitorTest, ADuplicateIsUsedOnceItReachesAnotherServer) {
  Connect(kA, "run");
  Connect(kB, "run");
  Drop(kB);
  Connect(kB, "run-b");
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
}

TEST_F(HealthMonitorTest, ADuplicateIsUsedOnceTheOtherEntryReachesAnotherServer) {
  Connect(kA, "run");
  Connect(kB, "run");
  Drop(kA);
  Connect(kA, "run-a");
  EXPECT_EQ(Status(kA).state, NodeState::kUp);
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
}

TEST_F(HealthMonitorTest, OneOfTwoEntriesIsUsedWhileTheOtherIsDown) {
  Connect(kA, "run");
  Connect(kB, "run");
  Drop(kA);
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
  Connect(kA, "run");
  EXPECT_EQ(Status(kA).reason, "duplicate_of:b");
}

TEST_F(HealthMonitorOf2ShardsTest, ANodeWhoseShardsReachDifferentProcessesIsNotUsed) {
  Reach(kA, "run-1", 0);
  Reach(kA, "run-1", 1);
  ASSERT_EQ(Status(kA).state, NodeState::kUp);
  Drop(kA, "connection_lost", 0);
  Reach(kA, "run-2", 0);
  EXPECT_EQ(Status(kA).state, NodeState::kDown);
  EXPECT_EQ(Status(kA).reason, "process_changed");
  EXPECT_EQ(Status(kA).rounds, 1u);
  EXPECT_EQ(Status(kA).reached, "run-1,run-2");
  Drop(kA, "process_changed", 1);
  Reach(kA, "run-1", 1);
  EXPECT_EQ(Status(kA).state, NodeState::kDown);
  EXPECT_EQ(Status(kA).reason, "several_processes");
}

TEST_F(HealthMonitorTest, ARecoveryThatReachesAnotherProcessCounts) {
  Reach(kA, "run-1");
  ReachByRecovery(kA, "run-2");
  EXPECT_EQ(Status(kA).reason, "process_changed");
  monitor_.OnRecoveryDown(kA, {"connection_lost", "a:1 closed the connection"});
  EXPECT_EQ(Status(kA).reason, "process_changed") << "it may come back to either";
  clock_.Advance(ProcessWatch::kRound);
  monitor_.Tick();
  EXPECT_EQ(Status(kA).state, NodeState::kUp);
  ReachByRecovery(kA, "run-1");
  EXPECT_EQ(Status(kA).reason, "several_processes");
}

TEST_F(HealthMonitorTest, AProcessThatIsLeftOfSeveralMayLackWrites) {
  Reach(kA, "run-1");
  ReachByRecovery(kA, "run-1");
  const absl::Time used = clock_.Now();
  clock_.Advance(absl::Seconds(60));
  Reach(kA, "run-2");
  ReachByRecovery(kA, "run-1");
  ASSERT_EQ(Status(kA).reason, "several_processes");
  for (size_t i = 0; i < ProcessWatch::kConvincing; ++i) Reach(kA, "run-1");
  EXPECT_EQ(Status(kA).processes, ProcessAgreement::kOne);
  EXPECT_EQ(Status(kA).missed, 1u);
  EXPECT_GE(Status(kA).missed_since, used);
  EXPECT_LT(Status(kA).missed_since, clock_.Now());
}

TEST_F(HealthMonitorTest, AsksForNewConnectionsWhileTheyDiffer) {
  Reach(kA, "run-1");
  ReachByRecovery(kA, "run-2");
  const uint64_t rounds = Status(kA).rounds;
  monitor_.Tick();
  EXPECT_EQ(Status(kA).rounds, rounds);
  clock_.Advance(ProcessWatch::kRound);
  monitor_.Tick();
  EXPECT_EQ(Status(kA).rounds, rounds + 1);
}

TEST_F(HealthMonitorOf2ShardsTest, AnEntryOfSeveralProcessesIsNobodysDuplicate) {
  Reach(kB, "run-b", 0);
  Reach(kB, "run-b", 1);
  Reach(kA, "run-a", 0);
  Reach(kA, "run-b", 1);
  EXPECT_EQ(Status(kA).reason, "process_changed");
  EXPECT_EQ(Status(kB).state, NodeState::kUp);
}

TEST_F(HealthMonitorTest, AnUnknownRefusalHasAReason) {
  Connect(kA, "run-a");
  monitor_.OnWriteRefused(kA, "ERR something else");
  EXPECT_EQ(Status(kA).reason, "write_refused");
  Connect(kB, "run-b");
  monitor_.OnWriteRefused(kB, "NOREPLICAS Not enough good replicas");
  EXPECT_EQ(Status(kB).reason, "no_replicas");
}

TEST_F(HealthMonitorTest, LogsOnceWhatRedisAnswers) {
  testing::CapturedLog log;
  const redis::DownReason forbidden = {"no_perm", "INFO was answered with an error: NOPERM"};
  for (int i = 0; i < 3; ++i) monitor_.OnDown(0, kA, forbidden);
  EXPECT_EQ(log.Count("the node cannot be used node=a reason=no_perm error=\"INFO was answered"),
            1u);
  monitor_.OnDown(0, kA, {"no_command", "INFO was answered with an error: ERR unknown command"});
  monitor_.OnDown(0, kB, forbidden);
  EXPECT_EQ(log.Count("the node cannot be used node="), 3u) << "per node, and for each change";
  Connect(kA, "run-a");
  ASSERT_EQ(Status(kA).state, NodeState::kUp);
  monitor_.OnDown(0, kA, forbidden);
  EXPECT_EQ(log.Count("the node cannot be used node=a reason=no_perm"), 2u) << "it had been UP";
}

TEST_F(HealthMonitorTest, LogsOnceWhatShardsAnswerInTurn) {
  testing::CapturedLog log;
  for (int i = 0; i < 3; ++i) {
    monitor_.OnDown(0, kA, {"connect_timeout", "a:1 does not answer to a new connection"});
    monitor_.OnDown(0, kA, {"connection_refused", "cannot connect to a:1: connection refused"});
  }
  EXPECT_EQ(log.Count("the node cannot be used node=a"), 2u);
}

TEST_F(HealthMonitorTest, LogsOnceWhyWritesAreRefused) {
  Connect(kA, "run-a");
  testing::CapturedLog log;
  for (int i = 0; i < 3; ++i) {
    monitor_.OnWriteRefused(kA, "ERR unknown command 'EVALSHA', with args beginning with: 'a key'");
  }
  EXPECT_EQ(Status(kA).reason, "no_command");
  EXPECT_EQ(log.Count("the node refuses writes node=a reason=no_command error=\"ERR unknown"), 1u);
  EXPECT_EQ(log.Count("a key"), 0u);
}

TEST_F(HealthMonitorTest, SaysWhyANodeIsNotInspected) {
  monitor_.OnConnected(0, kA, {"run-a", "7.0.15"});
  EXPECT_EQ(Status(kA).reason, "checking");
  testing::CapturedLog log;
  monitor_.OnInspectionRefused(kA, "NOPERM No permissions to access a key");
  monitor_.OnInspectionRefused(kA, "NOPERM No permissions to access a key");
  EXPECT_EQ(Status(kA).state, NodeState::kDown);
  EXPECT_EQ(Status(kA).reason, "no_perm_for_key");
  EXPECT_EQ(log.Count("the node refuses to be inspected node=a reason=no_perm_for_key"), 1u);
  monitor_.OnInspectionAnswered(kA);
  EXPECT_EQ(Status(kA).reason, "checking");
}

TEST_F(HealthMonitorTest, SaysWhyTheRecoveryDoesNotReachANode) {
  monitor_.OnConnected(0, kA, {"run-a", "7.0.15"});
  testing::CapturedLog log;
  for (int i = 0; i < 2; ++i) monitor_.OnRecoveryDown(kA, {"too_many_clients", "no room"});
  EXPECT_EQ(Status(kA).reason, "too_many_clients");
  EXPECT_EQ(log.Count("the node cannot be used node=a reason=too_many_clients"), 1u);
  monitor_.OnRecoveryConnected(kA, {"run-a", "7.0.15"});
  EXPECT_EQ(Status(kA).reason, "checking");
}

TEST_F(HealthMonitorTest, TellsAnObserverTheCurrentTopologyAndEveryChangeInOrder) {
  Connect(kA, "run-a");
  std::vector<std::string> seen;
  const auto observation = monitor_.Observe([&](std::shared_ptr<const Topology> topology) {
    seen.push_back(topology->nodes[0].reason);
    EXPECT_EQ(topology, monitor_.topology());  // An observer may read.
  });
  Drop(kA, "loading");
  monitor_.Tick();  // changes nothing
  Connect(kA, "run-a");
  EXPECT_THAT(seen, ElementsAre("ok", "loading", "checking", "ok"));
}

TEST_F(HealthMonitorTest, TellsObserversInTheOrderInWhichTheyCame) {
  std::string told;
  const auto first = monitor_.Observe([&](const auto&) { told += '1'; });
  const auto second = monitor_.Observe([&](const auto&) { told += '2'; });
  told.clear();
  Connect(kA, "run-a");
  EXPECT_EQ(told, "1212");  // connected, then checked
}

TEST_F(HealthMonitorTest, TheHandleEndsTheObservation) {
  int told = 0;
  auto observation = monitor_.Observe([&](const auto&) { ++told; });
  observation.reset();
  Connect(kA, "run-a");
  EXPECT_EQ(told, 1);
}

// Under the thread sanitizer: shards tell, others read, observers come and go.
TEST(HealthMonitorThreads, ObserversSeeEveryChangeInOrderOneAtATime) {
  const SystemClock clock;
  const auto ring = std::make_shared<HashRing>(std::vector<std::string>{"a", "b", "c", "d"}, 10);
  HealthMonitor monitor(ring, /*shards=*/1, clock);
  std::atomic<bool> inside{false};
  std::shared_ptr<const Topology> last;
  size_t calls = 0;
  const auto observation = monitor.Observe([&](std::shared_ptr<const Topology> topology) {
    EXPECT_FALSE(inside.exchange(true));
    EXPECT_NE(topology, last);
    last = std::move(topology);
    ++calls;
    inside = false;
  });

  constexpr int kRounds = 200;
  std::vector<std::thread> threads;
  for (uint16_t i = 0; i < 4; ++i) {
    threads.emplace_back([&monitor, i] {
      const NodeId node(i);
      for (int round = 0; round < kRounds; ++round) {
        monitor.OnConnected(0, node, {"run-" + std::to_string(i), "7.0.0"});
        monitor.OnPing(node, absl::Milliseconds(1));
        monitor.OnWriteRefused(node, "OOM command not allowed");
        monitor.OnWriteAccepted(node);
        monitor.Tick();
        monitor.OnDown(0, node, {"connection_lost", ""});
      }
    });
  }
  threads.emplace_back([&monitor] {
    for (int round = 0; round < kRounds; ++round) {
      const auto passing = monitor.Observe([](const auto&) {});
      EXPECT_EQ(monitor.pings().size(), monitor.topology()->nodes.size());
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(last, monitor.topology());
  EXPECT_GT(calls, size_t{kRounds});
  for (const NodeStatus& node : last->nodes) EXPECT_EQ(node.reason, "connection_lost");
}

}  // namespace
}  // namespace kache
