#include "tests/testing/coordinator_cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/testing/answer.h"
#include "tests/testing/eventually.h"

namespace kache::testing {
namespace {

constexpr absl::Duration kTickInterval = absl::Milliseconds(20);

template <typename T>
absl::StatusOr<T> Wait(const Answer<T>& answer) {
  if (!answer.WaitFor()) return absl::UnknownError("never answered");
  if (!answer.ok()) return answer.status();
  return *answer;
}

redis::ClientOptions ShortTimes() {
  redis::ClientOptions options;
  options.reconnect_min = absl::Milliseconds(10);
  options.reconnect_max = absl::Milliseconds(100);
  options.ping_interval = absl::Milliseconds(200);
  return options;
}

}  // namespace

CoordinatorCluster::CoordinatorCluster(const Options& options)
    : CoordinatorCluster(options, StartServers(options.servers)) {
  for (size_t i = 0; options.wait_until_up && i < servers(); ++i) {
    if (WaitForState(i, NodeState::kUp)) continue;
    std::fprintf(stderr, "server %zu is not UP: %s\n", i, Status(i).reason.c_str());
    std::abort();
  }
}

CoordinatorCluster::CoordinatorCluster(const Options& options, const CoordinatorCluster& beside)
    : CoordinatorCluster(options, beside.servers_) {}

CoordinatorCluster::Servers CoordinatorCluster::StartServers(size_t count) {
  Servers servers;
  for (size_t i = 0; i < count; ++i) servers.push_back(std::make_shared<RedisServer>());
  return servers;
}

CoordinatorCluster::CoordinatorCluster(const Options& options, Servers servers)
    : replication_factor_(options.replication.replication_factor),
      homes_(std::min<size_t>(options.replication.replication_factor, servers.size())),
      servers_(std::move(servers)) {
  std::vector<std::string> names;
  CoordinatorConfig config;
  for (size_t i = 0; i < servers_.size(); ++i) {
    config.endpoints.push_back(options.endpoint ? options.endpoint(i, *servers_[i])
                                                : servers_[i]->endpoint());
    names.push_back(std::string("cache-").append(std::to_string(i)));
  }
  config.shards = options.shards;
  config.client = ShortTimes();
  config.replication = options.replication;
  ring_ = std::make_shared<HashRing>(std::move(names), options.vnodes);
  clock_ = std::make_unique<ClusterClock>(own_clock_, ring_->nodes(), absl::Seconds(5));
  monitor_ = std::make_unique<HealthMonitor>(ring_, options.shards, *clock_);
  coordinator_ = std::make_unique<Coordinator>(config, ring_, *monitor_, *clock_, registry_);
  RecoveryConfig recovery;
  recovery.key_prefix = options.replication.key_prefix;
  recovery.replication_factor = options.replication.replication_factor;
  recovery.check_interval = config.client.ping_interval;
  recovery.tombstone_ttl = options.replication.tombstone_ttl;
  recovery.sweep_interval = options.sweep_interval;
  recovery.sweep_keys_per_second = options.sweep_keys_per_second;
  recovery.resync_keys_per_second = options.resync_keys_per_second;
  recovery.max_clock_skew = options.max_clock_skew;
  recovery.max_write_age = options.replication.max_write_age;
  recovery.accept_ring = options.accept_ring;
  recovery_ = std::make_unique<RecoveryThread>(std::move(recovery),
                                               RecoveryNodes{config.endpoints, config.client, {}},
                                               ring_, *coordinator_, *monitor_, *clock_, registry_);
  observation_ = monitor_->Observe([this](std::shared_ptr<const Topology> topology) {
    const std::lock_guard lock(mutex_);
    topology_ = std::move(topology);
  });
  ticker_ = std::thread([this] { TickUntilStopped(); });
}

CoordinatorCluster::~CoordinatorCluster() {
  DestroyCoordinator();
  stop_.Notify();
  ticker_.join();
}

void CoordinatorCluster::TickUntilStopped() {
  while (!stop_.WaitForNotificationWithTimeout(kTickInterval)) monitor_->Tick();
}

absl::StatusOr<Receipt> CoordinatorCluster::Put(const std::string& key, const std::string& value,
                                                absl::Duration ttl, Consistency consistency) {
  Answer<Receipt> answer;
  coordinator_->Put(key, value, {.consistency = consistency, .ttl = ttl}, Deadline(),
                    answer.Callback());
  return Wait(answer);
}

absl::StatusOr<ReadResult> CoordinatorCluster::Get(const std::string& key,
                                                   const ReadOptions& options) {
  Answer<ReadResult> answer;
  coordinator_->Get(key, options, Deadline(), answer.Callback());
  return Wait(answer);
}

absl::StatusOr<Receipt> CoordinatorCluster::Delete(const std::string& key,
                                                   Consistency consistency) {
  Answer<Receipt> answer;
  coordinator_->Delete(key, {.consistency = consistency}, Deadline(), answer.Callback());
  return Wait(answer);
}

absl::StatusOr<TouchResult> CoordinatorCluster::Touch(const std::string& key, absl::Duration ttl,
                                                      Consistency consistency, const Stamp& stamp) {
  Answer<TouchResult> answer;
  coordinator_->Touch(key, {.consistency = consistency, .stamp = stamp, .ttl = ttl}, Deadline(),
                      answer.Callback());
  return Wait(answer);
}

absl::StatusOr<Location> CoordinatorCluster::Locate(const std::string& key) {
  Answer<Location> answer;
  coordinator_->Locate(key, Deadline(), answer.Callback());
  return Wait(answer);
}

absl::Status CoordinatorCluster::DeclareLost(const std::string& name) {
  Notification answered;
  absl::Status answer;
  recovery_->DeclareLost(name, [&](absl::Status status) {
    answer = std::move(status);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

std::vector<size_t> CoordinatorCluster::HomesOf(const std::string& key) const {
  std::vector<size_t> homes;
  for (const NodeId node : ring_->Preference(HashRing::Token(key), homes_)) {
    homes.push_back(node.index());
  }
  return homes;
}

std::string CoordinatorCluster::KeyAt(size_t server, const std::string& salt) const {
  for (int i = 0;; ++i) {
    std::string key = "key" + salt + "-" + std::to_string(i);
    if (HomesOf(key)[0] == server) return key;
  }
}

int64_t CoordinatorCluster::EndOf(const std::string& key, size_t server) {
  return servers_[server]->Run({"PEXPIRETIME", "kache:d:" + key}).integer;
}

NodeStatus CoordinatorCluster::Status(size_t index) const {
  const std::lock_guard lock(mutex_);
  return topology_->nodes[index];
}

bool CoordinatorCluster::WaitForState(size_t index, NodeState state) {
  return Eventually([&] { return Status(index).state == state; });
}

bool CoordinatorCluster::WaitForChange(size_t index, absl::Time before) {
  return Eventually([&] { return Status(index).since != before; });
}

void CoordinatorCluster::Hit(size_t index, const std::function<void(RedisServer&)>& fault) {
  const absl::Time before = Status(index).since;
  fault(server(index));
  ASSERT_TRUE(WaitForChange(index, before));
}

bool CoordinatorCluster::WaitUntilAllUp() {
  for (size_t i = 0; i < servers(); ++i) {
    if (!WaitForState(i, NodeState::kUp)) return false;
  }
  return true;
}

bool CoordinatorCluster::Eventually(const std::function<bool()>& condition) {
  return kache::Eventually(condition, kPatience);
}

}  // namespace kache::testing
