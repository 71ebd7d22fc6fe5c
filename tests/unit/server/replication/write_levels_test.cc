// Writes at QUORUM and ALL, and what is noted of a replica that missed a write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "server/replication/write_operation.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WriteLevelsTest : public testing::ShardFixture {
 protected:
  // The notes that the node was sent, as "node number".
  std::vector<std::string> NotesSentTo(size_t index) {
    std::vector<std::string> notes;
    for (const auto& sent : node(index).notes()) {
      // EVALSHA sha1 2 set missed coordinator field value
      EXPECT_EQ(sent.arguments[4], "kache:m:missed");
      const auto field = ParseMissedField(sent.arguments[6]);
      const auto value = ParseMissedValue(sent.arguments[7]);
      EXPECT_EQ(sent.arguments[3], "kache:m:hints:" + field->node);
      EXPECT_EQ(sent.arguments[5], CoordinatorText(kCoordinator));
      EXPECT_EQ(field->coordinator, kCoordinator);
      EXPECT_EQ(value->since_ms, NowMs());
      notes.push_back(field->node + " " + std::to_string(value->number));
    }
    return notes;
  }
};

TEST_F(WriteLevelsTest, QuorumNeedsAMajority) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, "v");
  node(0).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(2).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->acknowledged, 2u);
  EXPECT_EQ(put->required, 2u);
  EXPECT_FALSE(put->degraded);
}

TEST_F(WriteLevelsTest, QuorumWaitsForTheFirstHomeReplicaToo) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, "v");
  node(1).Answer(Stored());
  node(2).Answer(Stored());
  EXPECT_FALSE(put.came());  // reads at ONE will ask node 0
  Pass(absl::Milliseconds(100));
  ASSERT_TRUE(put.ok());
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteLevelsTest, AllNeedsAll) {
  Start();
  const auto put = PutAt(Consistency::kAll, "v");
  node(0).Answer(Stored());
  node(1).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(2).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 3u);
}

TEST_F(WriteLevelsTest, IsNotBegunWhereTooFewTakeWrites) {
  Start();
  MakeDown(0);
  MakeDown(1);
  const auto put = PutAt(Consistency::kQuorum, "v");
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Asked(), ElementsAre());
}

TEST_F(WriteLevelsTest, AStandInDoesNotCount) {
  Start();
  MakeDown(0);
  const auto put = PutAt(Consistency::kQuorum, "v");
  node(1).Answer(Stored());
  node(3).Answer(Stored());
  EXPECT_FALSE(put.came());
  node(2).Answer(Stored());
  EXPECT_EQ(put->acknowledged, 2u);
  EXPECT_TRUE(put->degraded);
}

TEST_F(WriteLevelsTest, IsAbortedWithItsReceiptWhenTooManyFail) {
  Start();
  const auto put = PutAt(Consistency::kAll, "v");
  node(0).Answer(Stored());
  node(1).Disconnect();
  EXPECT_EQ(put.status().code(), absl::StatusCode::kAborted);
  const auto receipt = ReceiptOf(put.status());
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(receipt->acknowledged, 1u);
  EXPECT_EQ(receipt->required, 3u);
  EXPECT_FALSE(receipt->version.IsZero());
  EXPECT_EQ(metrics().writes_short.Value(), 1);
}

TEST_F(WriteLevelsTest, TellsWhatWasReachedAtTheDeadline) {
  Start();
  const auto put = PutAt(Consistency::kQuorum, "v");
  node(0).Answer(Stored());
  Pass(kDeadline);
  EXPECT_EQ(put.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReceiptOf(put.status())->acknowledged, 1u);
}

// It may be another cluster's; and if it is ours, it is told once it was inspected.
TEST_F(WriteLevelsTest, NotesNothingOnANodeThatIsNotToBeUsed) {
  Start();
  MakeExcluded(4);
  MakeDown(0);
  Put("v");
  EXPECT_THAT(NotesSentTo(1), ElementsAre("n0 1"));
  EXPECT_THAT(NotesSentTo(4), IsEmpty());
}

TEST_F(WriteLevelsTest, NotesASkippedReplicaAheadOfTheCopies) {
  Start();
  MakeDown(0);
  const auto put = Put("v");
  for (const size_t i : {1, 2, 3}) {
    EXPECT_EQ(node(i).notes().at(0).order, 0u) << i;
    EXPECT_EQ(node(i).sent().at(0).order, 1u) << i;
  }
  EXPECT_THAT(NotesSentTo(4), ElementsAre("n0 1"));  // also to those who take no copy
  EXPECT_EQ(Status(0).missed, 1u);
}

TEST_F(WriteLevelsTest, NotesAReplicaOnceForManyWrites) {
  Start();
  MakeDown(0);
  for (int i = 0; i < 5; ++i) Put("v");
  EXPECT_THAT(NotesSentTo(1), ElementsAre("n0 1"));
  shard().CloseMissed(NodeId(0));
  Put("v");
  EXPECT_THAT(NotesSentTo(1), ElementsAre("n0 1", "n0 2"));
}

TEST_F(WriteLevelsTest, AReplicaThatFailedAWriteWhichAnotherTookIsNotReadAnyMore) {
  Start();
  const auto put = Put("v");
  node(0).Answer(redis::Reply::Error("ERR something"));
  EXPECT_THAT(NotesSentTo(1), ElementsAre());  // nobody took it so far
  node(1).Answer(Stored());
  ASSERT_TRUE(put.ok());
  EXPECT_THAT(NotesSentTo(1), ElementsAre("n0 1"));
  EXPECT_EQ(Status(0).state, NodeState::kSyncing);
  EXPECT_EQ(Status(0).reason, "missed_writes");
  EXPECT_EQ(shard().View(NodeId(0)).state, NodeState::kSyncing);
  MakeWhole();
  EXPECT_EQ(shard().View(NodeId(0)).state, NodeState::kUp);
}

TEST_F(WriteLevelsTest, AWriteThatNobodyTookIsOwedToNobody) {
  Start(3);
  const auto put = Put("v");
  for (size_t i = 0; i < 3; ++i) node(i).Answer(redis::Reply::Error("ERR something"));
  EXPECT_FALSE(put.ok());
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(Status(i).missed, 0u) << i;
}

// While a ring of other settings is in force, say, or before anything is known of the nodes.
TEST_F(WriteLevelsTest, AWriteThatNobodyIsSentIsOwedToNobody) {
  Start();
  ExcludeAll();
  const auto put = Put("v");
  EXPECT_EQ(put.status().code(), absl::StatusCode::kUnavailable);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(Status(i).missed, 0u) << i;
    EXPECT_THAT(NotesSentTo(i), ElementsAre());
  }
}

TEST_F(WriteLevelsTest, AwaitWritesWaitsForThoseThatRun) {
  Start();
  const auto first = Put("1");
  bool settled = false;
  shard().AwaitWrites([&] { settled = true; });
  const auto second = Put("2");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(settled);
    node(i).Answer(Stored());
  }
  EXPECT_TRUE(settled);  // although the second one still runs
  bool again = false;
  shard().AwaitWrites([&] { again = true; });
  EXPECT_FALSE(again);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Stored());
  EXPECT_TRUE(again);
}

TEST_F(WriteLevelsTest, AwaitWritesIsAtOnceOverWhereNoneRuns) {
  Start();
  bool settled = false;
  shard().AwaitWrites([&] { settled = true; });
  EXPECT_TRUE(settled);
}

}  // namespace
}  // namespace kache
