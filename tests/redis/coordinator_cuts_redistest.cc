// A coordinator's connections to real redis-servers are cut again and again under requests: what
// waited on them is sent again, and promises no more than a node holds.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "server/bookkeeping/lost_coordinator.h"
#include "server/replication/record.h"
#include "tests/testing/coordinator_cluster.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using testing::CoordinatorCluster;

class CoordinatorCuts : public ::testing::Test {
 protected:
  void Cut(size_t server) {
    cluster_.server(server).CloseConnectionsNamed(ConnectionName(cluster_.coordinator().id()));
  }

  // Cuts the coordinator's connections to one server after another, until the end of the scope.
  class Cutter {
   public:
    explicit Cutter(CoordinatorCuts& test)
        : thread_([this, &test] {
            for (size_t i = 0; !stop_; ++i) {
              test.Cut(i % test.cluster_.servers());
              std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
          }) {}
    ~Cutter() {
      stop_ = true;
      thread_.join();
    }

   private:
    std::atomic<bool> stop_ = false;
    std::thread thread_;
  };

  // The record that the server holds.
  Record HeldBy(size_t server, const std::string& key) {
    text_ = cluster_.server(server).Run({"GET", "kache:d:" + key}).text;
    return DecodeRecord(text_).record;
  }
  // Of the servers' connections that were made again at once.
  double Resumes() {
    double all = 0;
    for (size_t node = 0; node < cluster_.servers(); ++node) {
      for (const char* shard : {"0", "1"}) {
        all += testing::MetricValue(cluster_.registry(), "kache_node_resumes_total{node=\"cache-" +
                                                             std::to_string(node) + "\",shard=\"" +
                                                             shard + "\"}");
      }
    }
    return all;
  }

  CoordinatorCluster cluster_;
  std::string text_;
};

TEST_F(CoordinatorCuts, AcknowledgedWritesAreHeld) {
  constexpr int kWrites = 1000;
  constexpr int kKeys = 10;
  std::array<int, kKeys> acknowledged;  // the last of each key
  acknowledged.fill(-1);
  int at_all = 0;
  {
    const Cutter cutter(*this);
    for (int i = 0; i < kWrites || (Resumes() == 0 && i < 10 * kWrites); ++i) {
      const std::string key = "k" + std::to_string(i % kKeys);
      const auto put = cluster_.Put(key, std::to_string(i), absl::ZeroDuration(),
                                    i % 2 == 0 ? Consistency::kAll : Consistency::kOne);
      if (!put.ok()) continue;  // one command met three cuts
      acknowledged[static_cast<size_t>(i % kKeys)] = i;
      if (i % 2 != 0) continue;
      ++at_all;
      for (const size_t home : cluster_.HomesOf(key)) {
        EXPECT_GE(HeldBy(home, key).version, put->version) << key << " on " << home;
      }
    }
  }
  EXPECT_GT(at_all, 0);
  EXPECT_GT(Resumes(), 0);
  ASSERT_TRUE(cluster_.WaitUntilAllUp());
  ASSERT_TRUE(cluster_.coordinator().Drain(CoordinatorCluster::kPatience));
  for (int k = 0; k < kKeys; ++k) {
    const std::string key = "k" + std::to_string(k);
    for (const size_t home : cluster_.HomesOf(key)) {
      const Record held = HeldBy(home, key);
      // Of the writes that were not acknowledged, one may have come later.
      EXPECT_GE(std::stoi(std::string(held.value)), acknowledged[static_cast<size_t>(k)])
          << key << " on " << home;
    }
  }
}

TEST_F(CoordinatorCuts, DeletesStayDeleted) {
  const Cutter cutter(*this);
  for (int i = 0; i < 200; ++i) {
    cluster_.Put("k", "v").IgnoreError();
    const auto deletion = cluster_.Delete("k", Consistency::kAll);
    if (!deletion.ok()) continue;
    for (const size_t home : cluster_.HomesOf("k")) {
      EXPECT_TRUE(HeldBy(home, "k").tombstone) << i << " on " << home;
    }
  }
}

TEST_F(CoordinatorCuts, NoRequestFailsForACut) {
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < cluster_.servers(); ++i) Cut(i);
    for (int i = 0; i < 50; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto put = cluster_.Put(key, "v");
      EXPECT_TRUE(put.ok()) << key << ": " << put.status();
      const auto read = cluster_.Get(key);
      EXPECT_TRUE(read.ok() && read->value == "v") << key << ": " << read.status();
    }
  }
  EXPECT_TRUE(cluster_.WaitUntilAllUp());
}

}  // namespace
}  // namespace kache
