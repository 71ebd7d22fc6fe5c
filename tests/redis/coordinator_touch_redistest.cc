// Touches through coordinators over real redis-servers.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/error_details.h"
#include "server/replication/coordinator.h"
#include "server/replication/touch.h"
#include "tests/testing/blocking_redis.h"
#include "tests/testing/coordinator_cluster.h"

namespace kache {
namespace {

using testing::BlockingRedis;
using testing::CoordinatorCluster;

constexpr char kKey[] = "k";
constexpr absl::Duration kLong = absl::Hours(2);

class CoordinatorTouchTest : public ::testing::Test {
 protected:
  static Stamp StampAt(absl::Time time) {
    return {.timestamp = static_cast<uint64_t>(absl::ToUnixMillis(time)) << 16,
            .clock = uint64_t{0xCA11} << 16};
  }
  redis::Reply Run(size_t server, const std::vector<std::string>& words) {
    BlockingRedis redis(cluster_.server(server).port());
    return redis.Run(words).value_or(redis::Reply::Nil());
  }
  std::string HeldBy(size_t server) {
    return Run(server, {"GET", std::string("kache:d:") + kKey}).text;
  }
  // Whether all home replicas hold the same record in the end.
  bool Converges() {
    return CoordinatorCluster::Eventually([this] {
      const std::vector<size_t> homes = cluster_.HomesOf(kKey);
      const std::string first = HeldBy(homes[0]);
      for (const size_t home : homes) {
        if (HeldBy(home) != first) return false;
      }
      return true;
    });
  }
  absl::Duration LifeLeft() {
    const auto get = cluster_.Get(kKey);
    return get.ok() && get->found ? absl::Milliseconds(get->ttl_ms) : absl::ZeroDuration();
  }

  CoordinatorCluster cluster_{CoordinatorCluster::Patient()};
};

TEST_F(CoordinatorTouchTest, GivesAllReplicasTheOtherLife) {
  const auto put = cluster_.Put(kKey, "value", absl::Minutes(1));
  const auto touch = cluster_.Touch(kKey, kLong);
  ASSERT_TRUE(touch.ok()) << touch.status();
  EXPECT_TRUE(touch->found);
  EXPECT_GT(touch->receipt.version, put->version);
  EXPECT_TRUE(Converges());
  const auto get = cluster_.Get(kKey, {Consistency::kAll, touch->receipt.version});
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->value, "value");
  EXPECT_EQ(get->receipt.version, touch->receipt.version);
  EXPECT_EQ(get->receipt.expires_at_ms, touch->receipt.expires_at_ms);
  EXPECT_GT(LifeLeft(), absl::Hours(1));
  ASSERT_TRUE(cluster_.Touch(kKey, absl::ZeroDuration())->found);
  EXPECT_EQ(cluster_.Get(kKey)->ttl_ms, 0);
}

TEST_F(CoordinatorTouchTest, AMissIsAnAnswer) {
  for (const Consistency level : {Consistency::kOne, Consistency::kQuorum, Consistency::kAll}) {
    EXPECT_FALSE(cluster_.Touch("never written", kLong, level)->found);
    ASSERT_TRUE(cluster_.Put(kKey, "value").ok());
    ASSERT_TRUE(cluster_.Delete(kKey, Consistency::kAll).ok());
    EXPECT_FALSE(cluster_.Touch(kKey, kLong, level)->found);
    EXPECT_FALSE(cluster_.Get(kKey)->found);
  }
}

TEST_F(CoordinatorTouchTest, AnEndedLifeDoesNotReturn) {
  ASSERT_TRUE(cluster_.Put(kKey, "value", absl::ZeroDuration(), Consistency::kAll).ok());
  ASSERT_TRUE(cluster_.Touch(kKey, absl::Milliseconds(1), Consistency::kAll)->found);
  ASSERT_TRUE(CoordinatorCluster::Eventually([this] { return !cluster_.Get(kKey)->found; }));
  for (const size_t home : cluster_.HomesOf(kKey)) EXPECT_NE(HeldBy(home), "") << "it is kept";
  for (const Consistency level : {Consistency::kOne, Consistency::kQuorum, Consistency::kAll}) {
    EXPECT_FALSE(cluster_.Touch(kKey, kLong, level)->found);
  }
  EXPECT_FALSE(cluster_.Get(kKey)->found);
}

TEST_F(CoordinatorTouchTest, AReplicaThatLacksTheValueGetsIt) {
  const size_t last = cluster_.HomesOf(kKey).back();
  for (const Consistency level : {Consistency::kOne, Consistency::kAll}) {
    ASSERT_TRUE(cluster_.Put(kKey, "value", absl::ZeroDuration(), Consistency::kAll).ok());
    Run(last, {"DEL", std::string("kache:d:") + kKey});
    const auto touch = cluster_.Touch(kKey, kLong, level);
    ASSERT_TRUE(touch.ok()) << touch.status();
    EXPECT_TRUE(touch->found);
    EXPECT_TRUE(Converges());
    EXPECT_TRUE(DecodeRecord(HeldBy(last)).record.touched);
  }
}

TEST_F(CoordinatorTouchTest, ALateAttemptUndoesNoLaterTouch) {
  ASSERT_TRUE(cluster_.Put(kKey, "value", absl::ZeroDuration(), Consistency::kAll).ok());
  const absl::Time now = cluster_.coordinator().Now() + absl::Milliseconds(5);
  const Stamp early = StampAt(now);
  ASSERT_TRUE(cluster_.Touch(kKey, absl::Minutes(1), Consistency::kAll, early)->found);
  const auto again = cluster_.Touch(kKey, absl::Minutes(1), Consistency::kAll, early);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->found);
  const Stamp later = StampAt(now + absl::Milliseconds(10));
  const auto touch = cluster_.Touch(kKey, kLong, Consistency::kAll, later);
  ASSERT_TRUE(touch.ok()) << touch.status();
  const auto late = cluster_.Touch(kKey, absl::Minutes(1), Consistency::kAll, early);
  EXPECT_EQ(ReasonOf(late.status()), kSuperseded);
  EXPECT_GT(LifeLeft(), absl::Hours(1));
  EXPECT_EQ(cluster_.Get(kKey)->receipt.version, touch->receipt.version);
}

TEST_F(CoordinatorTouchTest, ANewerValueWins) {
  ASSERT_TRUE(cluster_.Put(kKey, "old").ok());
  const Stamp stamp = StampAt(cluster_.coordinator().Now() - absl::Seconds(2));
  ASSERT_TRUE(cluster_.Put(kKey, "new", absl::ZeroDuration(), Consistency::kAll).ok());
  EXPECT_EQ(ReasonOf(cluster_.Touch(kKey, kLong, Consistency::kOne, stamp).status()), kSuperseded);
  EXPECT_EQ(cluster_.Get(kKey)->ttl_ms, 0);
}

// Two coordinators, lives of all lengths, and puts and deletes in between.
TEST_F(CoordinatorTouchTest, ReplicasAgreeAfterTouchesAtOnce) {
  CoordinatorCluster beside(CoordinatorCluster::Patient(), cluster_);
  ASSERT_TRUE(beside.WaitUntilAllUp());
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(cluster_.Put(kKey, "value", absl::ZeroDuration(), Consistency::kAll).ok());
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      CoordinatorCluster& at = i % 2 == 0 ? cluster_ : beside;
      threads.emplace_back([&at, i] {
        const auto touch = at.Touch(kKey, absl::Hours(1 + i));
        EXPECT_TRUE(touch.ok() || absl::IsAborted(touch.status())) << touch.status();
      });
    }
    if (round % 3 == 0) {
      EXPECT_TRUE(beside.Put(kKey, "other").ok());
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(Converges()) << "round " << round;
    EXPECT_TRUE(cluster_.Get(kKey)->found);
  }
}

}  // namespace
}  // namespace kache
