// What becomes of operations that a node's own limits do not allow: they fail for good, and are not
// brought to further nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_details.h"
#include "server/redis/resumption.h"
#include "server/replication/batch_read.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NodeLimitTest : public testing::ShardFixture {
 protected:
  // No smaller one is beyond the limits of a node.
  const std::string kLarge = std::string(size_t{1} << 20, 'x');

  static redis::Reply Value(std::string_view value) { return Held({{1000, 7}, 0, false, value}); }
  void Refuse(size_t index) { node(index).Fail(redis::TooMuchForNode("")); }

  template <typename T>
  static void ExpectRefused(const testing::Answer<T>& answer) {
    ASSERT_TRUE(answer.came());
    EXPECT_EQ(answer.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(answer.status()), kNodeLimit);
  }
};

TEST_F(NodeLimitTest, ARead) {
  Start();
  const auto get = Get();
  Refuse(0);
  ExpectRefused(get);
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_EQ(metrics().read_failures.node_limit.Value(), 1);
}

TEST_F(NodeLimitTest, AReadOfAllIsNoMiss) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  const auto get = Get();
  Refuse(0);
  node(1).Answer(redis::Reply::Nil());
  node(2).Answer(redis::Reply::Nil());
  for (size_t i = 3; i < 5; ++i) {
    if (node(i).waiting() > 0) node(i).Answer(redis::Reply::Nil());
  }
  ExpectRefused(get);
}

TEST_F(NodeLimitTest, AReadOfAllIsAnsweredByWhoeverCan) {
  Start();
  for (size_t i = 0; i < 3; ++i) MakeSyncing(i);
  const auto get = Get();
  Refuse(0);
  node(1).Answer(Value("v"));
  node(2).Answer(redis::Reply::Nil());
  for (size_t i = 3; i < 5; ++i) {
    if (node(i).waiting() > 0) node(i).Answer(redis::Reply::Nil());
  }
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->value, "v");
}

TEST_F(NodeLimitTest, AQuorumRead) {
  Start();
  const auto get = GetWith({Consistency::kQuorum, {}});
  Refuse(0);
  EXPECT_FALSE(get.came());
  Refuse(1);
  ExpectRefused(get);
}

TEST_F(NodeLimitTest, AWriteThatNobodyTakes) {
  Start();
  const auto put = Put(kLarge);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  Refuse(0);
  Refuse(1);
  EXPECT_FALSE(put.came());
  Refuse(2);
  ExpectRefused(put);
  EXPECT_THAT(Asked(), IsEmpty()) << "no stand-in";
  EXPECT_EQ(Status(0).state, NodeState::kUp) << "it is owed to nobody";
  EXPECT_EQ(metrics().write_failures.node_limit.Value(), 3);
}

TEST_F(NodeLimitTest, ASmallWriteGoesOnToAStandIn) {
  Start();
  const auto put = Put("v");
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  Refuse(0);
  EXPECT_THAT(Asked(), ElementsAre(3));
  node(1).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
  EXPECT_EQ(Status(0).reason, "missed_writes");
}

TEST_F(NodeLimitTest, ASmallWriteThatNobodyTakesMayHaveBeenApplied) {
  Start(3);
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) Refuse(i);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(NodeLimitTest, AWriteThatNobodyTakesIsNotBroughtFurtherByTimeEither) {
  Start();
  const auto put = Put(kLarge);
  Asked();
  Refuse(0);
  Pass(absl::Milliseconds(300));
  EXPECT_THAT(Asked(), IsEmpty());
}

TEST_F(NodeLimitTest, AWriteThatAnotherTakesIsMissed) {
  Start();
  const auto put = Put(kLarge);
  Refuse(0);
  node(1).Answer(Stored());
  node(2).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
  EXPECT_EQ(Status(0).reason, "missed_writes");
}

TEST_F(NodeLimitTest, AQuorumWrite) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, kLarge);
  Refuse(0);
  Refuse(1);
  EXPECT_FALSE(put.came()) << "node 2 may take it";
  Refuse(2);
  ExpectRefused(put);
}

TEST_F(NodeLimitTest, AQuorumWriteThatOneNodeTakesMayHaveBeenApplied) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, kLarge);
  Refuse(0);
  Refuse(1);
  node(2).Answer(Stored());
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kAborted);
}

TEST_F(NodeLimitTest, AQuorumWriteThatOneNodeIsLateForMayHaveBeenApplied) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, kLarge);
  Refuse(0);
  Refuse(1);
  Pass(options().try_timeout);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kAborted);
}

TEST_F(NodeLimitTest, AWriteThatOneNodeIsLateForMayHaveBeenApplied) {
  Start();
  const auto put = Put(kLarge);
  Refuse(0);
  node(1).Fail(absl::DeadlineExceededError("late"));
  Refuse(2);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(NodeLimitTest, AWriteThatTheFirstQueueHasNoRoomForMayBeTriedAgain) {
  Start(3);
  const auto put = Put(kLarge);
  node(0).Fail(absl::ResourceExhaustedError("full"));
  Refuse(1);
  Refuse(2);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(NodeLimitTest, AWriteThatTheLastQueueHasNoRoomForMayBeTriedAgain) {
  Start(3);
  const auto put = Put(kLarge);
  Refuse(0);
  Refuse(1);
  node(2).Fail(absl::ResourceExhaustedError("full"));
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(NodeLimitTest, AWriteThatANodeTookUnderAnEarlierStampMayHaveBeenApplied) {
  Start(3);
  const auto put = Put(kLarge);
  node(1).Answer(Stored());
  node(0).Answer(Holds(VersionAt(absl::Seconds(1))));
  node(2).Answer(Stored());
  for (size_t i = 0; i < 3; ++i) Refuse(i);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kUnavailable);
}

TEST_F(NodeLimitTest, AWriteOfAllThatANodeTookUnderAnEarlierStampMayHaveBeenApplied) {
  Start(3);
  const auto put = PutAt(Consistency::kAll, kLarge);
  node(1).Answer(Stored());
  node(0).Answer(Holds(VersionAt(absl::Seconds(1))));
  node(2).Answer(Stored());
  for (size_t i = 0; i < 3; ++i) Refuse(i);
  ASSERT_TRUE(put.came());
  EXPECT_EQ(put.code(), absl::StatusCode::kAborted);
}

class TakeAll final : public BatchReadSink {
 public:
  explicit TakeAll(std::vector<testing::Answer<ReadResult>>& answers) {
    for (auto& answer : answers) callbacks_.push_back(answer.Callback());
  }
  void Take(size_t index, absl::StatusOr<ReadResult> result) override {
    callbacks_.at(index)(std::move(result));
  }

 private:
  std::vector<ReadCallback> callbacks_;
};

TEST_F(NodeLimitTest, ABatchIsReadKeyByKey) {
  Start();
  std::vector<testing::Answer<ReadResult>> answers(2);
  TakeAll sink(answers);
  (new BatchRead(shard(), {{"k0", kToken, 0}, {"k1", kToken, 1}},
                 clock().Monotonic() + std::chrono::seconds(1), sink))
      ->Run();
  Refuse(0);
  EXPECT_THAT(Asked(), ElementsAre(0, 0, 0));
  node(0).Answer(Value("v"));
  Refuse(0);
  EXPECT_TRUE(answers[0].ok());
  ExpectRefused(answers[1]);
  EXPECT_EQ(shard().portion().Keys(32), 1u);
}

}  // namespace
}  // namespace kache
