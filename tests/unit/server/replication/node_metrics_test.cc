#include "server/replication/node_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/metrics.h"
#include "server/replication/replication_metrics.h"

namespace kache {
namespace {

using ::testing::HasSubstr;

// Counts what the test says.
class CountingClient final : public redis::RedisClient {
 public:
  explicit CountingClient(redis::ClientCounters& counters) : counters_(counters) {}
  bool Ready() const override { return true; }
  void Send(redis::Command, absl::Duration, redis::ReplyCallback) override {}
  redis::ClientCounters counters() const override { return counters_; }
  void Reconnect(const redis::DownReason&) override {}
  size_t counted_bytes() const override { return 0; }
  bool Silent() const override { return false; }
  absl::Duration Silence() const override { return absl::ZeroDuration(); }

 private:
  redis::ClientCounters& counters_;
};

class NodeMetricsTest : public ::testing::Test {
 protected:
  NodeMetricsTest() {
    clients_.push_back(std::make_unique<CountingClient>(a_));
    clients_.push_back(std::make_unique<CountingClient>(b_));
  }

  prometheus::Registry registry_;
  redis::ClientCounters a_;
  redis::ClientCounters b_;
  std::vector<std::unique_ptr<redis::RedisClient>> clients_;
  NodeMetrics metrics_{registry_, {"a", "b"}, 3};
};

TEST_F(NodeMetricsTest, PublishesEachCounterOfEachNode) {
  uint64_t value = 1;
  for (redis::ClientCounters* counters : {&a_, &b_}) {
    for (uint64_t* counter :
         {&counters->commands, &counters->reads_joined, &counters->error_replies,
          &counters->timeouts, &counters->late_replies, &counters->connects, &counters->disconnects,
          &counters->resumes, &counters->culprits, &counters->queue_full, &counters->script_reloads,
          &counters->waiting_commands, &counters->queued_bytes}) {
      *counter = value++;
    }
  }
  metrics_.Update(clients_);
  const std::string text = RenderMetrics(registry_);
  value = 1;
  for (const char* node : {"a", "b"}) {
    for (const char* name :
         {"commands_total", "reads_joined_total", "error_replies_total", "timeouts_total",
          "late_replies_total", "connects_total", "disconnects_total", "resumes_total",
          "requests_beyond_limits_total", "queue_full_total", "script_reloads_total",
          "waiting_commands", "queued_bytes"}) {
      EXPECT_THAT(text, HasSubstr(std::string("kache_node_") + name + "{node=\"" + node +
                                  "\",shard=\"3\"} " + std::to_string(value++) + "\n"));
    }
  }
}

TEST_F(NodeMetricsTest, CountersGrowAndGaugesFollow) {
  a_.commands = 5;
  a_.waiting_commands = 5;
  metrics_.Update(clients_);
  a_.commands = 7;
  a_.waiting_commands = 0;
  metrics_.Update(clients_);
  metrics_.Update(clients_);
  const std::string text = RenderMetrics(registry_);
  EXPECT_THAT(text, HasSubstr("kache_node_commands_total{node=\"a\",shard=\"3\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("kache_node_waiting_commands{node=\"a\",shard=\"3\"} 0\n"));
}

TEST_F(NodeMetricsTest, PublishesTheShard) {
  metrics_.UpdateShard(12);
  const std::string text = RenderMetrics(registry_);
  EXPECT_THAT(text, HasSubstr("kache_shard_running_operations{shard=\"3\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("kache_shard_cpu_seconds_total{shard=\"3\"} "));
}

TEST(ReplicationMetrics, CountsAFailedTryByItsCause) {
  prometheus::Registry registry;
  ReplicationMetrics metrics(registry);
  metrics.read_failures.For(absl::DeadlineExceededError("")).Increment();
  metrics.read_failures.For(absl::UnavailableError("")).Increment(2);
  metrics.read_failures.For(absl::ResourceExhaustedError("")).Increment(3);
  const std::string text = RenderMetrics(registry);
  EXPECT_THAT(text, HasSubstr("kache_read_tries_failed_total{cause=\"timeout\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kache_read_tries_failed_total{cause=\"connection\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kache_read_tries_failed_total{cause=\"queue_full\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("kache_read_tries_failed_total{cause=\"error_reply\"} 0\n"));
}

}  // namespace
}  // namespace kache
