// For whom the commands of operations are sent: what they send for their callers takes those turns,
// and what the coordinator itself must say first is for no caller.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "server/replication/batch_read.h"
#include "server/replication/get_operation.h"
#include "server/replication/locate_operation.h"
#include "server/replication/quorum_read.h"
#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

constexpr redis::CallerId kCaller = 7;

class CallersTest : public testing::ShardFixture {
 protected:
  MonotonicTime Deadline() { return clock().Monotonic() + std::chrono::seconds(1); }
  template <class OperationType>
  static void Run(OperationType* operation) {
    operation->set_caller(kCaller);
    operation->Run();
  }
  void Read(const ReadOptions& options) {
    if (options.consistency == Consistency::kOne) {
      Run(new GetOperation(shard(), kKey, kToken, options.min_version, Deadline(),
                           [](const absl::StatusOr<ReadResult>&) {}));
    } else {
      Run(new QuorumRead(shard(), kKey, kToken, options, Deadline(),
                         [](const absl::StatusOr<ReadResult>&) {}));
    }
  }
  void Write() {
    Run(new WriteOperation(shard(), {kKey, "v"}, kToken, Deadline(),
                           [](const absl::StatusOr<Receipt>&) {}));
  }
  // All that was sent, and something was.
  void ExpectForCaller(std::vector<size_t> nodes) {
    for (const size_t i : nodes) {
      EXPECT_FALSE(node(i).sent().empty()) << i;
      for (const auto& sent : node(i).sent()) EXPECT_EQ(sent.caller, kCaller) << i;
      for (const auto& hint : node(i).hints()) EXPECT_EQ(hint.caller, kCaller) << i;
      for (const auto& note : node(i).notes()) EXPECT_EQ(note.caller, redis::kNoCaller) << i;
    }
  }
};

TEST_F(CallersTest, Reads) {
  Start();
  Read({Consistency::kOne, Version()});
  ExpectForCaller({0});
  node(0).Fail(absl::UnavailableError("gone"));
  ExpectForCaller({0, 1});
}

TEST_F(CallersTest, ReadsOfAllThatMayHoldTheNewest) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  Read({Consistency::kOne, Version()});
  ExpectForCaller({0, 1, 2});
}

TEST_F(CallersTest, QuorumReadsAndTheirRepairs) {
  Start();
  Read({Consistency::kQuorum, Version()});
  ExpectForCaller({0, 1, 2});
  Record record;
  record.version = VersionAt(absl::Seconds(-1));
  record.value = "v";
  node(0).Answer(HeldBy(kIsWhole, record));
  for (const size_t i : {1, 2}) node(i).Answer(HeldBy(kIsWhole, std::nullopt));
  EXPECT_GT(node(1).sent().size(), 1u) << "the repair";
  ExpectForCaller({0, 1, 2});
}

TEST_F(CallersTest, BatchReads) {
  struct Sink final : BatchReadSink {
    void Take(size_t, absl::StatusOr<ReadResult>) override {}
  } sink;
  Start();
  Run(new BatchRead(shard(), {{kKey, kToken, 0}, {kKey, kToken, 1}}, Deadline(), sink));
  ExpectForCaller({0});
  node(0).Fail(absl::UnavailableError("gone"));  // each key by itself
  ExpectForCaller({0, 1});
  End();
}

// Hints follow the write, so they must not overtake it; notes must come before it.
TEST_F(CallersTest, WritesAndTheHintsBehindThem) {
  Start();
  Write();
  ExpectForCaller({0, 1, 2});
  for (const size_t i : {0, 1}) node(i).Answer(Stored());
  node(2).Fail(absl::DeadlineExceededError("late"));
  EXPECT_EQ(node(0).hints().size(), 1u);
  EXPECT_EQ(node(0).notes().size(), 1u);
  ExpectForCaller({0, 1, 2});
}

TEST_F(CallersTest, HintsThatAreLeftLater) {
  Start();
  Write();
  for (const size_t i : {0, 1}) node(i).Answer(Stored());
  for (const size_t i : {0, 1}) node(i).set_ready(false);
  node(2).Fail(absl::DeadlineExceededError("late"));
  EXPECT_TRUE(node(0).hints().empty());
  for (const size_t i : {0, 1}) node(i).set_ready(true);
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(node(0).hints().size(), 1u);
  ExpectForCaller({0, 1});
  for (const size_t i : {0, 1}) node(i).AnswerHints();
}

TEST_F(CallersTest, Locating) {
  Start();
  Run(new LocateOperation(shard(), kKey, kToken, Deadline(),
                          [](const absl::StatusOr<Location>&) {}));
  ExpectForCaller({0, 1, 2});
}

}  // namespace
}  // namespace kache
