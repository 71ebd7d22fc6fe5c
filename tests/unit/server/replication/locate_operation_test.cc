#include "server/replication/locate_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/shard_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using Kind = ReplicaContent::Kind;

constexpr Version kVersion{1000, 7};

class LocateOperationTest : public testing::ShardFixture {
 protected:
  // Plays a node that holds `bytes`.
  void Hold(size_t index, const std::string& bytes) {
    node(index).Answer(redis::Reply::String(bytes.substr(0, kRecordHeaderBytes)));
    node(index).Answer(redis::Reply::Integer(static_cast<int64_t>(bytes.size())));
  }
  void HoldNothing(size_t index) { Hold(index, ""); }
};

TEST_F(LocateOperationTest, AsksEveryNodeForHeaderAndSize) {
  Start(3);
  const auto locate = Locate();
  EXPECT_THAT(Asked(), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(node(1).sent().at(0).arguments, ElementsAre("GETRANGE", "kache:d:user:1", "0", "27"));
  EXPECT_THAT(node(1).sent().at(1).arguments, ElementsAre("STRLEN", "kache:d:user:1"));
  EXPECT_LT(node(1).sent().at(0).timeout, kDeadline);
}

TEST_F(LocateOperationTest, TellsWhatEachNodeHolds) {
  ReplicationOptions options;
  Start(6, options);
  const auto locate = Locate();
  std::string newer = EncodeRecord({kVersion, 0, false, "v"});
  newer[2] = 2;
  Hold(0, EncodeRecord({kVersion, NowMs() + 1, false, "value"}));
  Hold(1, EncodeRecord({kVersion, NowMs() + 1, true, {}}));
  Hold(2, EncodeRecord({kVersion, NowMs(), false, "value"}));
  Hold(3, "set by hand");
  Hold(4, newer);
  HoldNothing(5);
  ASSERT_TRUE(locate.ok());
  EXPECT_EQ(locate->token, kToken);
  EXPECT_EQ(locate->home_replicas, 3u);
  EXPECT_EQ(locate->served_by, NodeId(0));
  std::vector<Kind> kinds;
  std::vector<uint64_t> sizes;
  for (const ReplicaContent& replica : locate->replicas) {
    EXPECT_EQ(replica.node.index(), kinds.size());
    EXPECT_EQ(replica.state, NodeState::kUp);
    EXPECT_EQ(replica.error, "");
    kinds.push_back(replica.kind);
    sizes.push_back(replica.value_bytes);
  }
  EXPECT_THAT(kinds, ElementsAre(Kind::kValue, Kind::kTombstone, Kind::kExpired, Kind::kForeign,
                                 Kind::kNewerFormat, Kind::kNone));
  EXPECT_THAT(sizes, ElementsAre(5, 0, 5, 11, 29, 0));
  EXPECT_EQ(locate->replicas[0].version, kVersion);
  EXPECT_EQ(locate->replicas[0].expires_at_ms, NowMs() + 1);
  EXPECT_EQ(locate->replicas[4].version, kVersion);
  EXPECT_TRUE(locate->replicas[3].version.IsZero());
}

TEST_F(LocateOperationTest, TakesTheSizeBeforeTheHeader) {
  Start(1);
  const auto locate = Locate();
  node(0).Answer(1, redis::Reply::Integer(33));
  node(0).Answer(0, redis::Reply::String(
                        EncodeRecord({kVersion, 0, false, "value"}).substr(0, kRecordHeaderBytes)));
  EXPECT_EQ(locate->replicas[0].value_bytes, 5u);
}

TEST_F(LocateOperationTest, TellsOfAForeignType) {
  Start(1);
  const auto locate = Locate();
  node(0).Answer(redis::Reply::Error("WRONGTYPE Operation against a key"));
  node(0).Answer(redis::Reply::Error("WRONGTYPE Operation against a key"));
  EXPECT_EQ(locate->replicas[0].kind, Kind::kForeign);
  EXPECT_EQ(locate->replicas[0].error, "");
}

TEST_F(LocateOperationTest, TellsWhyANodeDidNotAnswer) {
  Start(4);
  MakeDown(0);
  const auto locate = Locate();
  node(1).Disconnect();
  node(2).Answer(redis::Reply::Error("NOPERM no rights"));
  node(2).Answer(redis::Reply::Error("NOPERM no rights"));
  Pass(kDeadline);
  ASSERT_TRUE(locate.ok());
  for (const ReplicaContent& replica : locate->replicas) {
    EXPECT_EQ(replica.kind, Kind::kUnknown);
    EXPECT_NE(replica.error, "");
  }
  EXPECT_EQ(locate->replicas[0].state, NodeState::kDown);
  EXPECT_EQ(locate->replicas[2].error, "NOPERM no rights");
}

TEST_F(LocateOperationTest, AnswersBeforeTheDeadlineThoughANodeIsSilent) {
  Start(2);
  const auto locate = Locate(absl::Seconds(1));
  Hold(0, EncodeRecord({kVersion, 0, false, "v"}));
  Pass(absl::Milliseconds(990));
  ASSERT_TRUE(locate.ok());
  EXPECT_EQ(locate->replicas[0].kind, Kind::kValue);
  EXPECT_EQ(locate->replicas[1].kind, Kind::kUnknown);
}

TEST_F(LocateOperationTest, NamesWhomAReadWouldAsk) {
  Start();
  const auto served_by = [this] { return Locate(absl::Milliseconds(10)); };
  MakeDown(0);
  auto locate = served_by();
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(locate->served_by, NodeId(1));
  MakeDown(1);
  MakeSyncing(2);  // It is read before stand-ins are.
  locate = served_by();
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(locate->served_by, NodeId(2));
  MakeDown(2);
  locate = served_by();
  Pass(absl::Milliseconds(10));
  EXPECT_EQ(locate->served_by, NodeId(3));
  MakeDown(3);
  MakeDown(4);
  locate = served_by();
  EXPECT_EQ(locate->served_by, std::nullopt);
}

}  // namespace
}  // namespace kache
