// A shard over fake nodes and a fake clock: the vocabulary of the operations' tests. The test plays
// all Redis servers, and time passes only by Pass.
//
//   TEST_F(WriteOperationTest, AnswersOnTheFirstHomeReplica) {
//     Start();  // 5 nodes, all UP, 3 replicas
//     auto put = Put("v");
//     node(0).Answer(Stored());
//     EXPECT_EQ(put->acknowledged, 1u);
//   }
//
// The key walks round the ring in the order of the node numbers: its home replicas are nodes 0, 1,
// ... and the stand-ins come after them. At the end of each test what still waits is answered
// UNAVAILABLE, and the fixture checks that each operation was answered and none is left.
#ifndef KACHE_TESTS_TESTING_SHARD_FIXTURE_H_
#define KACHE_TESTS_TESTING_SHARD_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prometheus/registry.h"
#include "server/cluster/health_monitor.h"
#include "server/replication/consistency.h"
#include "server/replication/record.h"
#include "server/replication/results.h"
#include "server/replication/scripts.h"
#include "server/replication/shard.h"
#include "server/replication/touch_operation.h"
#include "server/replication/write_operation.h"
#include "tests/testing/answer.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_node_client.h"
#include "tests/testing/standings.h"

namespace kache::testing {

class ShardFixture : public ::testing::Test {
 protected:
  static constexpr uint64_t kToken = 0;
  // As clocks' ids are: without a content's hash in the lower 16 bits.
  static constexpr uint64_t kCoordinator = 0xC00000;         // ours
  static constexpr uint64_t kOtherCoordinator = 0xF0000000;  // another's
  static constexpr absl::Duration kDeadline = absl::Seconds(1);
  static constexpr char kKey[] = "user:1";

  // First in every test, and again after End. All nodes are UP.
  void Start(size_t nodes = 5, const ReplicationOptions& options = {});
  // Checks that every operation was answered and has ended, once nobody can reply any more.
  void End();
  void TearDown() override { End(); }

  // States.
  void MakeDown(size_t node);
  void MakeUp(size_t node);  // and whole
  // Takes writes.
  void MakeSyncing(size_t node, Doubt doubt = Doubt::kAmnesic);
  // SYNCING: it may have lacked writes for so long.
  void MakeDoubted(size_t node, absl::Duration lacking);
  void MakeUnchecked(size_t node);  // SYNCING: just connected
  void MakeRefusing(size_t node);   // SYNCING, and left alone for its back-off
  void MakeExcluded(size_t node);   // connected, and not to be used
  void ExcludeAll();                // they are not to be used, though their connections are ready
  NodeStatus Status(size_t node) const { return monitor_->topology()->nodes[node]; }

  void MakeWhole() { FindAllWhole(*monitor_); }
  // The clock of `node` is so far ahead of cluster time.
  void SetClockOffset(size_t node, absl::Duration ahead);

  // Operations, on kKey.
  Answer<ReadResult> Get(absl::Duration deadline = kDeadline);
  Answer<ReadResult> GetWith(const ReadOptions& options, absl::Duration deadline = kDeadline);
  Answer<Receipt> Put(std::string_view value, absl::Duration ttl = absl::ZeroDuration(),
                      absl::Duration deadline = kDeadline);
  Answer<Receipt> PutAt(Consistency consistency, std::string_view value);
  Answer<Receipt> Delete(absl::Duration deadline = kDeadline);
  // A write as it is told, by the deadline kDeadline.
  Answer<Receipt> Write(const WriteOperation::Write& write,
                        const std::atomic<bool>* cancelled = nullptr);
  Answer<TouchResult> Touch(const TouchOperation::Touch& touch,
                            absl::Duration deadline = kDeadline);
  Answer<Location> Locate(absl::Duration deadline = kDeadline);

  // Replies.
  static redis::Reply Stored() { return redis::Reply::Integer(kStoredReply); }
  static redis::Reply LifeOver() { return redis::Reply::Integer(kLifeOverReply); }
  static redis::Reply TooLate() { return redis::Reply::Integer(kTooLateReply); }
  static redis::Reply Holds(const Version& version);  // refuses a write as older
  static redis::Reply Held(const Record& record);     // answers a read

  // Answers a read at QUORUM or ALL.
  static redis::Reply HeldBy(int64_t memory, const std::optional<Record>& record,
                             int64_t ends_ms = 0);

  // What the operations did.
  FakeNodeClient& node(size_t index) { return *nodes_[index]; }
  // The numbers of the nodes in the order in which they were sent commands, since the last call.
  std::vector<size_t> Asked() { return std::exchange(asked_, {}); }
  // The newest set-if-newer command that a node was sent.
  struct Written {
    std::string key;
    std::string value;
    Version version;    // as it was stamped: without the content's hash
    uint64_t hash = 0;  // that one
    bool tombstone = false;
    bool stand_in = false;
    int64_t expires_at_ms = 0;
    // The terms.
    int64_t ends_ms = 0;
    int64_t limit_ms = 0;
    int64_t latest_ms = 0;
    std::string whole;
    std::vector<std::string> hint_sets = {};
    int64_t kept_until_ms = 0;  // beside hints
    std::string hint = {};
  };
  Written WrittenTo(size_t node);

  // Time: commands time out, and the shard ticks every 10 ms.
  void Pass(absl::Duration duration);
  FakeClock& clock() { return clock_; }
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }
  static Version WithoutHash(Version version) {
    version.clock &= ~kContentHashMask;
    return version;
  }
  // The version of another coordinator's write, so far from our clock.
  Version VersionAt(absl::Duration from_now, uint64_t coordinator = kOtherCoordinator) const;

  Shard& shard() { return *shard_; }
  ReplicationMetrics& metrics() { return *metrics_; }
  const ReplicationOptions& options() const { return options_; }

 private:
  NodeId Id(size_t node) const { return NodeId(static_cast<uint16_t>(node)); }
  MonotonicTime In(absl::Duration time) const {
    return clock_.Monotonic() + absl::ToChronoMicroseconds(time);
  }
  template <typename T>
  Answer<T> Expected();

  ReplicationOptions options_;
  FakeClock clock_;
  prometheus::Registry registry_;
  std::unique_ptr<ReplicationMetrics> metrics_;
  std::unique_ptr<HealthMonitor> monitor_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::vector<std::unique_ptr<FakeNodeClient>> nodes_;
  std::vector<size_t> asked_;
  std::map<size_t, Doubt> doubts_;               // of MakeSyncing
  std::vector<std::function<bool()>> answered_;  // for each operation
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_SHARD_FIXTURE_H_
