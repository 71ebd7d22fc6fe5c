// Which replicas count for a read at QUORUM: those that are whole, and those that are merely
// behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "server/replication/quorum_read.h"
#include "server/replication/store_terms.h"
#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

constexpr Version kOld{1000, 7};
constexpr Version kNew{2000, 7};
constexpr ReadOptions kQuorum{Consistency::kQuorum, {}};
constexpr int64_t kNoMemory = 0;

class QuorumMemoryTest : public testing::ShardFixture {
 protected:
  void Answer(size_t index, const Version& version, int64_t memory = kIsWhole) {
    const std::optional<Record> record =
        version.IsZero() ? std::nullopt : std::optional(Record{version, 0, false, "v"});
    node(index).Answer(HeldBy(memory, record));
  }
  const redis::Script* LastAsked(size_t index) { return node(index).sent().back().script; }
};

TEST_F(QuorumMemoryTest, ANodeThatIsBehindCounts) {
  Start();
  MakeSyncing(0, Doubt::kBehind);
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  EXPECT_EQ(LastAsked(0), &ReadWithMemory());
  EXPECT_EQ(LastAsked(1), &ReadWithMarker());
  Answer(0, kNew, kIsBehind);
  Answer(1, kNew);
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->receipt.version, kNew);
  EXPECT_TRUE(get->receipt.degraded);
}

TEST_F(QuorumMemoryTest, ItIsToldForHowLongNodesMayLackWrites) {
  Start();
  MakeSyncing(0, Doubt::kBehind);
  const auto get = GetWith(kQuorum);
  EXPECT_EQ(node(0).sent().back().arguments.back(), "1800000");
  for (size_t i = 0; i < 3; ++i) Answer(i, kNew);
  EXPECT_TRUE(get.ok());
}

TEST_F(QuorumMemoryTest, ANodeThatIsBehindIsMadeEqual) {
  Start();
  MakeSyncing(0, Doubt::kBehind);
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  Answer(0, Version(), kIsBehind);
  Answer(1, kNew);
  EXPECT_FALSE(get.came());
  EXPECT_EQ(WrittenTo(0).version, WithoutHash(kNew));
  node(0).Answer(Stored());
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->receipt.version, kNew);
}

TEST_F(QuorumMemoryTest, ANodeThatWasBehindAndLostItsMemoryDoesNotCount) {
  Start();
  MakeSyncing(0, Doubt::kBehind);
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  Answer(0, kNew, kNoMemory);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
  Answer(1, kNew);
}

// Another coordinator has fenced it since, say.
TEST_F(QuorumMemoryTest, ANodeThatIsNotWholeIsAskedWhetherItKeptItsMemory) {
  Start();
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(0, 1));
  Answer(0, kNew, kNoMemory);
  Answer(1, kNew);
  EXPECT_FALSE(get.came());
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_EQ(LastAsked(0), &ReadWithMemory());
  Answer(0, kNew, kIsBehind);
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_not_whole.Value(), 1);
}

TEST_F(QuorumMemoryTest, ANodeThatHasNoMemoryDoesNotCount) {
  Start();
  const auto get = GetWith(kQuorum);
  Answer(0, Version(), kNoMemory);  // flushed, say
  Answer(0, Version(), kNoMemory);
  Answer(1, kNew);
  EXPECT_FALSE(get.came());
  Answer(2, kNew);
  EXPECT_EQ(get->receipt.version, kNew);
  EXPECT_TRUE(get->receipt.degraded);
  EXPECT_EQ(metrics().reads_not_whole.Value(), 1);
}

TEST_F(QuorumMemoryTest, IsUnavailableWhereTooFewHaveTheirMemory) {
  Start();
  const auto get = GetWith(kQuorum);
  for (const size_t index : {0, 0, 1, 1}) Answer(index, kOld, kNoMemory);
  Answer(2, kOld);
  for (int i = 0; i < 20 && !get.came(); ++i) {
    Pass(QuorumRead::kAskAgain);
    for (const size_t index : {0, 1}) {
      if (node(index).waiting() > 0) Answer(index, kOld, kNoMemory);
    }
  }
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

// Redis has evicted it, and another coordinator writes it again.
TEST_F(QuorumMemoryTest, AMarkerThatIsNotThereIsWaitedFor) {
  Start();
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  Answer(0, kNew, kNoMemory);
  Answer(0, kNew, kNoMemory);
  Answer(1, kNew);
  EXPECT_FALSE(get.came());
  Asked();
  Pass(QuorumRead::kAskAgain);
  EXPECT_THAT(Asked(), ElementsAre(0));
  EXPECT_EQ(LastAsked(0), &ReadWithMemory());
  Answer(0, kNew, kIsWhole);
  ASSERT_TRUE(get.ok()) << get.status();
  EXPECT_EQ(get->receipt.version, kNew);
}

TEST_F(QuorumMemoryTest, ANodeThatIsFoundToHaveLostItsMemoryIsNotWaitedFor) {
  Start();
  MakeDown(2);
  const auto get = GetWith(kQuorum);
  Answer(0, kNew, kNoMemory);
  Answer(0, kNew, kNoMemory);
  Answer(1, kNew);
  MakeSyncing(0, Doubt::kAmnesic);
  EXPECT_FALSE(get.came());
  Pass(Shard::kTick);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

// This shard's own write was missed a moment ago.
TEST_F(QuorumMemoryTest, ANodeThatMissedAWriteOfThisShardCountsAsBehind) {
  Start();
  shard().NoteMissed(NodeId(0));
  EXPECT_EQ(shard().View(NodeId(0)).doubt, Doubt::kBehind);
  const auto get = GetWith(kQuorum);
  EXPECT_THAT(Asked(), ElementsAre(0, 1, 2));
  EXPECT_EQ(LastAsked(0), &ReadWithMemory());
  Answer(0, kNew);
  Answer(1, kNew);
  EXPECT_TRUE(get.ok());
  Answer(2, kNew);
}

// A replica that turns out to have missed the write must find something on the others.
TEST_F(QuorumMemoryTest, AShortLifeIsKeptUntilALateHintIsLeft) {
  Start();
  const auto put = Put("v", absl::Milliseconds(50));
  const StoreTerms terms = DecodeTerms(node(1).sent().back().arguments.at(6));
  EXPECT_GE(terms.least_ms, 5000);
  for (size_t i = 0; i < 3; ++i) node(i).Answer(Stored());
  EXPECT_TRUE(put.ok());
}

// A write that the only home replica missed stands on a stand-in, which no majority has.
TEST_F(QuorumMemoryTest, WhereAKeyHasOneHomeANodeThatIsBehindDoesNotCount) {
  ReplicationOptions options;
  options.replication_factor = 1;
  Start(5, options);
  MakeSyncing(0, Doubt::kBehind);
  const auto get = GetWith(kQuorum);
  EXPECT_EQ(get.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(QuorumMemoryTest, WhereAKeyHasOneHomeANodeThatWasFencedIsNotAskedForItsMemory) {
  ReplicationOptions options;
  options.replication_factor = 1;
  Start(5, options);
  const auto get = GetWith(kQuorum);
  Answer(0, kNew, kNoMemory);  // Fenced since.
  EXPECT_EQ(LastAsked(0), &ReadWithMarker());
  Pass(kDeadline);  // Asked again, as Redis may have evicted the marker.
  EXPECT_GT(node(0).sent().size(), 1u);
  EXPECT_EQ(LastAsked(0), &ReadWithMarker());
  EXPECT_FALSE(get.status().ok());
}

}  // namespace
}  // namespace kache
