// Nodes that answer, and refuse every write: what the state says of them, and what is logged.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "spdlog/sinks/sink.h"
#include "spdlog/spdlog.h"
#include "tests/testing/coordinator_cluster.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;
using testing::RedisServer;

constexpr int kKeys = 300;
constexpr absl::Duration kWhile = absl::Seconds(3);
// Changes of the state, and the first answer; not one for each attempt.
constexpr int kFewLines = 20;

class CountedLines final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg&) override { ++lines; }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  std::atomic<int> lines = 0;
};

class RecoveryRefusalsTest : public ::testing::Test {
 protected:
  RecoveryRefusalsTest() : logger_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", log_));
  }
  ~RecoveryRefusalsTest() override {
    cluster_.reset();
    spdlog::set_default_logger(logger_);
  }
  static void Refuse(const RedisServer& server) {
    ASSERT_EQ(server.Run({"CONFIG", "SET", "min-replicas-to-write", "1"}).text, "OK");
  }
  static void Mend(const RedisServer& server) {
    ASSERT_EQ(server.Run({"CONFIG", "SET", "min-replicas-to-write", "0"}).text, "OK");
  }
  bool WaitForReason(size_t server, const std::string& reason) {
    return CoordinatorCluster::Eventually(
        [&] { return cluster_->Status(server).reason == reason; });
  }
  // Writes all keys again and again for a while: all are taken, and little is logged.
  void WriteForAWhile(const std::string& value) {
    const int before = log_->lines;
    const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(kWhile);
    do {
      for (int i = 0; i < kKeys; ++i) {
        ASSERT_TRUE(cluster_->Put("key-" + std::to_string(i), value).ok()) << i;
      }
    } while (std::chrono::steady_clock::now() < end);
    EXPECT_LE(log_->lines - before, kFewLines);
  }
  int CountHeld(size_t server) {
    int held = 0;
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = "kache:d:key-" + std::to_string(i);
      held += static_cast<int>(cluster_->server(server).Run({"EXISTS", key}).integer);
    }
    return held;
  }
  int CountHomes(size_t server) {
    int homes = 0;
    for (int i = 0; i < kKeys; ++i) {
      for (const size_t home : cluster_->HomesOf("key-" + std::to_string(i))) {
        homes += home == server ? 1 : 0;
      }
    }
    return homes;
  }

  const std::shared_ptr<spdlog::logger> logger_;
  const std::shared_ptr<CountedLines> log_ = std::make_shared<CountedLines>();
  std::unique_ptr<CoordinatorCluster> cluster_;
};

TEST_F(RecoveryRefusalsTest, ANodeThatLacksReplicasOfItsOwnSaysSo) {
  cluster_ = std::make_unique<CoordinatorCluster>();
  Refuse(cluster_->server(1));
  WriteForAWhile("v");
  EXPECT_EQ(cluster_->Status(1).state, NodeState::kSyncing);
  EXPECT_EQ(cluster_->Status(1).reason, "no_replicas");
  Mend(cluster_->server(1));
  ASSERT_TRUE(cluster_->WaitForState(1, NodeState::kUp));
  EXPECT_GE(CountHeld(1), CountHomes(1));
}

TEST_F(RecoveryRefusalsTest, ANodeThatRefusesItsFirstMarkerSaysWhy) {
  CoordinatorCluster::Options options;
  options.wait_until_up = false;
  options.endpoint = [](size_t server, const RedisServer& at) {
    if (server == 1) Refuse(at);
    return at.endpoint();
  };
  cluster_ = std::make_unique<CoordinatorCluster>(options);
  for (const size_t other : {0, 2, 3}) {
    ASSERT_TRUE(cluster_->WaitForState(other, NodeState::kUp)) << other;
  }
  EXPECT_TRUE(WaitForReason(1, "no_replicas"));
  WriteForAWhile("v");
  EXPECT_EQ(cluster_->Status(1).reason, "no_replicas");
  Mend(cluster_->server(1));
  ASSERT_TRUE(cluster_->WaitForState(1, NodeState::kUp));
  EXPECT_GE(CountHeld(1), CountHomes(1));
}

TEST_F(RecoveryRefusalsTest, ANodeThatRefusesWhileItIsToBeResyncedSaysWhy) {
  cluster_ = std::make_unique<CoordinatorCluster>();
  WriteForAWhile("v");
  cluster_->server(1).Restart();
  Refuse(cluster_->server(1));
  WriteForAWhile("v");
  EXPECT_EQ(cluster_->Status(1).reason, "no_replicas");
  Mend(cluster_->server(1));
  ASSERT_TRUE(cluster_->WaitForState(1, NodeState::kUp));
  EXPECT_GE(CountHeld(1), CountHomes(1));
}

TEST_F(RecoveryRefusalsTest, TheNewestRefusalIsTheReason) {
  cluster_ = std::make_unique<CoordinatorCluster>();
  RedisServer& server = cluster_->server(1);
  Refuse(server);
  WriteForAWhile("v");
  EXPECT_EQ(cluster_->Status(1).reason, "no_replicas");
  ASSERT_EQ(server.Run({"CONFIG", "SET", "maxmemory", "1"}).text, "OK");
  Mend(server);
  EXPECT_TRUE(WaitForReason(1, "oom"));
  ASSERT_EQ(server.Run({"CONFIG", "SET", "maxmemory", "0"}).text, "OK");
  ASSERT_TRUE(cluster_->WaitForState(1, NodeState::kUp));
}

}  // namespace
}  // namespace kache
