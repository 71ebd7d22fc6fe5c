// What the parts of a recovery stand on, over fake nodes and a fake clock: for tests of one part.
//
//   class LeaseTest : public testing::RecoveryFixture { ... };
//   TakeLease(context(), Id(0), "lease", ...);
//   node(0).Answer(redis::Reply::Integer(1));
//
// All nodes ("a", "b", "c") are connected, and found whole at first.
#ifndef KACHE_TESTS_TESTING_RECOVERY_FIXTURE_H_
#define KACHE_TESTS_TESTING_RECOVERY_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prometheus/registry.h"
#include "server/recovery/recovery_context.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_node_client.h"
#include "tests/testing/metric_value.h"
#include "tests/testing/standings.h"

namespace kache::testing {

class RecoveryFixture : public ::testing::Test, private DataPath {
 protected:
  static constexpr size_t kNodes = 3;
  static constexpr uint64_t kSelf = 0xC0;
  static constexpr char kSelfText[] = "00000000000000c0";

  RecoveryFixture() {
    std::vector<redis::NodeClient*> clients;
    for (size_t i = 0; i < kNodes; ++i) {
      nodes_.push_back(std::make_unique<FakeNodeClient>(clock_));
      clients.push_back(nodes_.back().get());
    }
    context_ =
        std::make_unique<RecoveryContext>(RecoveryContext{.config = config_,
                                                          .ring = ring_,
                                                          .keys = KeySpace("kache:"),
                                                          .self = kSelf,
                                                          .fingerprint = ring_->Fingerprint(3),
                                                          .monitor = monitor_,
                                                          .clock = cluster_clock_,
                                                          .data_path = *this,
                                                          .metrics = metrics_,
                                                          .clients = std::move(clients),
                                                          .topology = monitor_.topology()});
    for (size_t i = 0; i < kNodes; ++i) Connect(i);
    FindAllWhole(monitor_);
    Refresh();
  }

  // What waits is answered while the part under test is there.
  void TearDown() override {
    context_->stopped = true;
    for (const auto& node : nodes_) node->Disconnect();
  }

  static NodeId Id(size_t node) { return NodeId(static_cast<uint16_t>(node)); }
  RecoveryContext& context() { return *context_; }
  FakeNodeClient& node(size_t index) { return *nodes_[index]; }
  std::string RunId(size_t node) const { return ring_->names()[node] + "-run"; }
  // Of the data path.
  void Connect(size_t node) { monitor_.OnConnected(0, Id(node), {RunId(node), "7.0.0"}); }
  void Disconnect(size_t node) { monitor_.OnDown(0, Id(node), {"connection_lost", "played"}); }
  // The context has the newest topology.
  void Refresh() { context_->topology = monitor_.topology(); }
  NodeStatus Status(size_t node) const { return monitor_.topology()->nodes[node]; }
  double Metric(const std::string& name) { return MetricValue(registry_, name); }
  const FakeNodeClient::Sent& LastSent(size_t node) { return nodes_[node]->sent().back(); }

  const RecoveryConfig config_;
  FakeClock clock_;
  const std::shared_ptr<const HashRing> ring_ =
      std::make_shared<const HashRing>(std::vector<std::string>{"a", "b", "c"}, 20);
  prometheus::Registry registry_;
  ClusterClock cluster_clock_{clock_, kNodes, absl::Seconds(5)};
  HealthMonitor monitor_{ring_, /*shards=*/1, clock_};
  RecoveryMetrics metrics_{registry_, ring_->names()};
  std::vector<absl::AnyInvocable<void()>> drains_;   // that wait
  std::vector<std::pair<NodeId, NodeId>> restored_;  // notes: about whom, on whom

 private:
  void Drain(NodeId, absl::AnyInvocable<void()> done) override {
    drains_.push_back(std::move(done));
  }
  void RestoreNote(NodeId about, NodeId holder) override { restored_.emplace_back(about, holder); }
  void MeasureLatency(absl::AnyInvocable<void(absl::Duration)>) override {}

  std::vector<std::unique_ptr<FakeNodeClient>> nodes_;
  std::unique_ptr<RecoveryContext> context_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_RECOVERY_FIXTURE_H_
