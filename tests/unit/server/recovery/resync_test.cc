// What a resync takes from each source, over fake nodes.
#include "server/recovery/resync.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/replication/record.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_store.h"

namespace kache {
namespace {

using testing::FakeStore;

constexpr char kKey[] = "kache:d:k";
constexpr int64_t kHour = 3'600'000;

// Node 0 lacks writes. Home replicas of the key are the nodes 0 and 1; node 2 is none.
class ResyncTest : public ::testing::Test {
 protected:
  static constexpr size_t kNodes = 3;
  static constexpr NodeWord kTrusted{true, std::numeric_limits<int64_t>::max()};

  ResyncTest() {
    for (size_t i = 0; i < kNodes; ++i) {
      stores_.push_back(std::make_unique<FakeStore>(clock_));
      plan_.memories.push_back(node(i).memory());
    }
    plan_.node = NodeId(0);
    plan_.homes = 2;
    plan_.sources = {Source(1), Source(2)};
    plan_.words = {{}, kTrusted, kTrusted};
  }
  static ResyncSource Source(uint16_t node, bool distrusted = false) {
    ResyncSource source{NodeId(node), "run", 0, true, distrusted};
    return source;
  }
  FakeStore& node(size_t index) { return *stores_[index]; }
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }
  // Stamped so long ago.
  Version Aged(absl::Duration age) const {
    return {static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now() - age)) << 16, 1};
  }
  static std::string StandIns(Record record) {
    record.stand_in = true;
    return EncodeRecord(record);
  }
  // What node 0 holds of the key after the resync, "" = nothing.
  std::string Brought() {
    const absl::Status status = Run();
    EXPECT_TRUE(status.ok()) << status;
    const std::optional<FakeStore::Held> held = node(0).At(kKey);
    return held ? held->bytes : "";
  }
  absl::Status Run() {
    std::vector<redis::NodeClient*> clients;
    for (const auto& store : stores_) clients.push_back(&store->client());
    checkpoints_.clear();
    Resync resync(
        plan_, std::move(clients), "kache:d:",
        {absl::Hours(1),
         absl::Minutes(10),
         &clock_,
         [](NodeId) { return absl::ZeroDuration(); },
         {}},
        ring_, [this](NodeId node) { return is_up_[node.index()]; },
        /*keys_per_second=*/1000);
    while (!resync.finished()) {
      resync.Pump(clock_.Monotonic());
      for (bool any = true; any;) {
        any = false;
        for (const auto& store : stores_) any |= store->Serve();
        const std::optional<ResyncCheckpoint> checkpoint = resync.checkpoint();
        if (checkpoint && (checkpoints_.empty() || checkpoints_.back() != *checkpoint)) {
          checkpoints_.push_back(*checkpoint);
        }
      }
      clock_.Advance(absl::Milliseconds(1));
    }
    left_with_ = resync.left_with();
    return resync.status();
  }

  testing::FakeClock clock_;
  const HashRing ring_ = HashRing::AtTokens(
      {"a", "b", "c"},
      {{HashRing::Token("k") + 1}, {HashRing::Token("k") + 2}, {HashRing::Token("k") + 3}});
  std::vector<std::unique_ptr<FakeStore>> stores_;
  std::vector<bool> is_up_{false, true, true};
  std::set<NodeId> left_with_;
  std::vector<ResyncCheckpoint> checkpoints_;  // as they came
  ResyncPlan plan_;
};

TEST_F(ResyncTest, TakesWhatAnotherHomeReplicaHolds) {
  const std::string record = EncodeRecord({Aged(absl::Minutes(50)), 0, false, "v"});
  node(1).Hold(kKey, record);
  EXPECT_EQ(Brought(), record);
}

// Others may not have been asked for what it would have brought.
TEST_F(ResyncTest, ASourceThatHasLostItsMemorySinceEndsIt) {
  for (const size_t source : {1, 2}) {
    node(source).Restart();
    EXPECT_EQ(Run().code(), absl::StatusCode::kAborted);
    plan_.memories[source] = node(source).memory();
    EXPECT_TRUE(Run().ok());
    node(source).FlushAll();
    EXPECT_EQ(Run().code(), absl::StatusCode::kAborted);
    plan_.memories[source] = node(source).memory();
  }
}

TEST_F(ResyncTest, TakesAStandInsCopyAsAHomeReplicas) {
  const Record record{Aged(absl::Minutes(1)), 0, false, "v"};
  node(2).Hold(kKey, StandIns(record), NowMs() + kHour);
  EXPECT_EQ(Brought(), EncodeRecord(record));
  EXPECT_EQ(node(0).At(kKey)->ends_ms, 0);
}

// No sweep follows that would do so.
TEST_F(ResyncTest, TakesAStandInsCopyToAllHomeReplicasAndRemovesIt) {
  const Record record{Aged(absl::Minutes(1)), 0, false, "v"};
  node(2).Hold(kKey, StandIns(record), NowMs() + kHour);
  EXPECT_EQ(Brought(), EncodeRecord(record));
  ASSERT_TRUE(node(1).At(kKey));
  EXPECT_EQ(node(1).At(kKey)->bytes, EncodeRecord(record));
  EXPECT_FALSE(node(2).At(kKey));
  EXPECT_TRUE(left_with_.empty());
}

TEST_F(ResyncTest, LeavesAStandInsCopyWhileAnotherHomeReplicaIsNotUp) {
  is_up_[1] = false;
  const Record record{Aged(absl::Minutes(1)), 0, false, "v"};
  node(2).Hold(kKey, StandIns(record), NowMs() + kHour);
  EXPECT_EQ(Brought(), EncodeRecord(record));
  EXPECT_FALSE(node(1).At(kKey));
  EXPECT_TRUE(node(2).At(kKey));
  EXPECT_EQ(left_with_, std::set<NodeId>{NodeId(2)});
}

// An earlier ring had it stand in.
TEST_F(ResyncTest, AStandInsCopyOnAHomeReplicaBecomesThatReplicas) {
  const Record record{Aged(absl::Minutes(1)), 0, false, "v"};
  node(1).Hold(kKey, StandIns(record), NowMs() + kHour);
  EXPECT_EQ(Brought(), EncodeRecord(record));
  ASSERT_TRUE(node(1).At(kKey));
  EXPECT_EQ(node(1).At(kKey)->bytes, EncodeRecord(record));
  EXPECT_EQ(node(1).At(kKey)->ends_ms, 0);
  EXPECT_TRUE(left_with_.empty());
}

// A sweep of the source removes it.
TEST_F(ResyncTest, TakesNoMisplacedRecord) {
  node(2).Hold(kKey, EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"}));
  EXPECT_EQ(Brought(), "");
  EXPECT_EQ(left_with_, std::set<NodeId>{NodeId(2)});
}

// While the ring changes nobody is home to all that it is to have.
TEST_F(ResyncTest, TakesAMisplacedRecordWhileTheRingChanges) {
  plan_.takes_misplaced = true;
  const std::string record = EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"});
  node(2).Hold(kKey, record);
  EXPECT_EQ(Brought(), record);
}

TEST_F(ResyncTest, TakesAMisplacedTombstone) {
  const std::string tombstone = EncodeRecord({Aged(absl::Minutes(1)), NowMs() + kHour, true, {}});
  node(0).Hold(kKey, EncodeRecord({Aged(absl::Minutes(2)), 0, false, "v"}));
  node(2).Hold(kKey, tombstone, NowMs() + kHour);
  EXPECT_EQ(Brought(), tombstone);
}

TEST_F(ResyncTest, TakesAStandInsCopyOfTheReleaseBefore) {
  const std::string record = EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"});
  node(2).Hold(kKey, record, NowMs() + kHour);
  EXPECT_EQ(Brought(), record);
}

// The tombstone of a later delete may end before the node that has it is read.
TEST_F(ResyncTest, TakesAnOldStandInsCopyOnlyWhereNoHomeReplicaKnowsBetter) {
  const Record record{Aged(absl::Minutes(40)), 0, false, "v"};
  node(2).Hold(kKey, StandIns(record), NowMs() + kHour);
  EXPECT_EQ(Brought(), "");
  plan_.words[1].is_trusted = false;
  EXPECT_EQ(Brought(), EncodeRecord(record));
}

TEST_F(ResyncTest, TellsHowFarItHasComeWithASource) {
  const std::string record = EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"});
  for (const char* key : {"kache:d:1", "kache:d:2", "kache:d:3"}) node(1).Hold(key, record);
  node(1).set_page_keys(1);
  plan_.sources = {Source(1)};
  plan_.sources[0].checkpoint.drained = {{0xC0, 1}};
  ASSERT_TRUE(Run().ok());
  std::vector<std::string> cursors;
  for (const ResyncCheckpoint& checkpoint : checkpoints_) {
    cursors.push_back(checkpoint.cursor + " " + std::to_string(checkpoint.seen));
    EXPECT_EQ(checkpoint.drained, plan_.sources[0].checkpoint.drained);
  }
  EXPECT_EQ(cursors, (std::vector<std::string>{"0 0", "1 1", "2 2"}));
}

TEST_F(ResyncTest, GoesOnAtTheCheckpointOfASource) {
  const std::string record = EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"});
  for (const char* key : {"kache:d:1", "kache:d:2", "kache:d:3"}) node(1).Hold(key, record);
  node(1).set_page_keys(1);
  plan_.sources = {Source(1)};
  plan_.sources[0].checkpoint.cursor = "2";
  plan_.sources[0].checkpoint.seen = 2;
  ASSERT_TRUE(Run().ok());
  EXPECT_FALSE(node(0).At("kache:d:1"));
  EXPECT_FALSE(node(0).At("kache:d:2"));
  EXPECT_TRUE(node(0).At("kache:d:3"));
  EXPECT_EQ(checkpoints_.front().seen, 2u);
}

TEST_F(ResyncTest, AnErrorLeavesTheCheckpointAtThePageThatFailed) {
  const std::string record = EncodeRecord({Aged(absl::Minutes(1)), 0, false, "v"});
  for (const char* key : {"kache:d:1", "kache:d:2", "kache:d:3"}) node(1).Hold(key, record);
  node(1).set_page_keys(1);
  plan_.sources = {Source(1)};
  node(1).AnswerOnce(4, redis::Reply::Error("ERR odd"));
  EXPECT_FALSE(Run().ok());
  EXPECT_NE(checkpoints_.back().cursor, "0");
}

// A source that was away itself for long.

TEST_F(ResyncTest, TakesWhatNobodyKnowsBetter) {
  plan_.sources = {Source(1, true)};
  plan_.words = {{}, {}, kTrusted};  // The last one is not home to the key.
  node(1).Hold(kKey, EncodeRecord({Aged(absl::Minutes(40)), 0, false, "v"}));
  EXPECT_NE(Brought(), "");
}

// Its tombstone may be gone everywhere.
TEST_F(ResyncTest, TakesNoOldRecordThatTheNodeHadItself) {
  plan_.sources = {Source(1, true)};
  const Version version = Aged(absl::Minutes(40));
  plan_.words = {{false, MillisOf(version.timestamp) + 1}, {}, {}};
  node(1).Hold(kKey, EncodeRecord({version, 0, false, "v"}));
  EXPECT_EQ(Brought(), "");
  plan_.words[0].knew_before_ms -= 1;  // It was not there when that was written.
  EXPECT_NE(Brought(), "");
}

// The tombstone of a later delete is still there, if there was one.
TEST_F(ResyncTest, TakesAYoungRecordOfAnySource) {
  plan_.sources = {Source(1, true)};
  plan_.words = {kTrusted, {}, {}};
  node(1).Hold(kKey, EncodeRecord({Aged(absl::Minutes(20)), 0, false, "v"}));
  EXPECT_NE(Brought(), "");
}

}  // namespace
}  // namespace kache
