// What a sweep does with each kind of record that a node holds, over fake nodes.
#include "server/recovery/sweep.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_store.h"

namespace kache {
namespace {

using testing::FakeStore;

constexpr char kKey[] = "kache:d:k";
constexpr Version kOld{10, 1};
constexpr Version kNew{20, 1};
constexpr int64_t kHour = 3'600'000;

// Home replicas of the key are the nodes 0 and 1, in this order; node 2 is none.
class SweepTest : public ::testing::Test {
 protected:
  static constexpr size_t kNodes = 3;

  SweepTest() {
    for (size_t i = 0; i < kNodes; ++i) stores_.push_back(std::make_unique<FakeStore>(clock_));
  }
  FakeStore& node(size_t index) { return *stores_[index]; }
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }
  static std::string Bytes(const Record& record) { return EncodeRecord(record); }
  static std::string StandIns(Record record) {
    record.stand_in = true;
    return EncodeRecord(record);
  }
  // What a node holds of the key, "" = nothing.
  std::string Held(size_t index) {
    const std::optional<FakeStore::Held> held = node(index).At(kKey);
    return held ? held->bytes : "";
  }
  // Goes through all that the node holds.
  Sweep::Found SweepNode(size_t index) {
    std::vector<redis::NodeClient*> clients;
    for (const auto& store : stores_) clients.push_back(&store->client());
    Sweep sweep(NodeId(static_cast<uint16_t>(index)), "0", std::move(clients), "kache:d:",
                {absl::Hours(1),
                 absl::Minutes(10),
                 &clock_,
                 [](NodeId) { return absl::ZeroDuration(); },
                 {}},
                ring_, /*homes=*/2,
                {[this](NodeId node) { return up_[node.index()]; }, [this] { return filled_; }},
                /*keys_per_second=*/1000);
    while (!sweep.finished()) {
      sweep.Pump(clock_.Monotonic());
      for (bool any = true; any;) {
        any = false;
        for (const auto& store : stores_) any |= store->Serve();
      }
      clock_.Advance(absl::Milliseconds(1));
    }
    EXPECT_TRUE(sweep.status().ok()) << sweep.status();
    left_for_ = sweep.left_for();
    return sweep.TakeFound();
  }

  testing::FakeClock clock_;
  const HashRing ring_ = HashRing::AtTokens(
      {"a", "b", "c"},
      {{HashRing::Token("k") + 1}, {HashRing::Token("k") + 2}, {HashRing::Token("k") + 3}});
  std::vector<std::unique_ptr<FakeStore>> stores_;
  std::vector<bool> up_ = std::vector<bool>(kNodes, true);
  bool filled_ = true;
  std::vector<NodeId> left_for_;  // of the last sweep
};

TEST_F(SweepTest, BringsOtherHomeReplicasUpToDate) {
  const std::string record = Bytes({kNew, 0, false, "v"});
  node(0).Hold(kKey, record);
  node(1).Hold(kKey, Bytes({kOld, 0, false, "old"}));
  EXPECT_EQ(SweepNode(0).repaired, 1u);
  EXPECT_EQ(Held(1), record);
  EXPECT_EQ(Held(2), "");
}

TEST_F(SweepTest, AStandInsCopyComesHomeWithoutItsFlagAndIsRemoved) {
  node(2).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  const Sweep::Found found = SweepNode(2);
  EXPECT_EQ(found.repaired, 2u);
  EXPECT_EQ(found.removed, 1u);
  for (const size_t home : {0, 1}) {
    EXPECT_EQ(Held(home), Bytes({kNew, 0, false, "v"}));
    EXPECT_EQ(node(home).At(kKey)->ends_ms, 0);
  }
  EXPECT_EQ(Held(2), "");
}

TEST_F(SweepTest, AStandInsCopyStaysWhileAHomeReplicaIsAway) {
  up_[1] = false;
  node(2).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  EXPECT_EQ(SweepNode(2).removed, 0u);
  EXPECT_EQ(Held(0), Bytes({kNew, 0, false, "v"}));
  EXPECT_EQ(Held(1), "");
  EXPECT_NE(Held(2), "");
  EXPECT_EQ(left_for_, std::vector<NodeId>{NodeId(1)});
  up_[1] = true;
  EXPECT_EQ(SweepNode(2).removed, 1u);
  EXPECT_TRUE(left_for_.empty());
}

TEST_F(SweepTest, AStandInsCopyThatAHomeReplicaCannotTakeStays) {
  node(2).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  node(1).AnswerOnce(1, absl::FailedPreconditionError("beyond its limits"));
  EXPECT_EQ(SweepNode(2).removed, 0u);
  EXPECT_EQ(Held(0), Bytes({kNew, 0, false, "v"}));
  EXPECT_NE(Held(2), "");
}

TEST_F(SweepTest, AStandInsCopyThatIsOlderIsOnlyRemoved) {
  for (const size_t home : {0, 1}) node(home).Hold(kKey, Bytes({kNew, 0, true, {}}));
  node(2).Hold(kKey, StandIns({kOld, 0, false, "v"}), NowMs() + kHour);
  EXPECT_EQ(SweepNode(2).removed, 1u);
  EXPECT_EQ(Held(0), Bytes({kNew, 0, true, {}}));
  EXPECT_EQ(Held(2), "");
}

// What an earlier ring left may have been deleted long ago.
TEST_F(SweepTest, AMisplacedRecordIsOnlyRemoved) {
  for (const int64_t expires_at_ms : {int64_t{0}, NowMs() + kHour}) {
    node(2).Hold(kKey, Bytes({kNew, expires_at_ms, false, "v"}), expires_at_ms);
    const Sweep::Found found = SweepNode(2);
    EXPECT_EQ(found.repaired, 0u);
    EXPECT_EQ(found.removed, 1u);
    EXPECT_EQ(Held(0) + Held(1) + Held(2), "");
  }
}

TEST_F(SweepTest, NoMisplacedRecordIsRemovedBeforeAllNodesWereFilled) {
  filled_ = false;
  const std::string record = Bytes({kNew, 0, false, "v"});
  node(2).Hold(kKey, record);
  EXPECT_EQ(SweepNode(2).removed, 0u);
  EXPECT_EQ(Held(2), record);
  EXPECT_EQ(Held(0), "");
  // A stand-in's copy is no such record.
  node(2).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  EXPECT_EQ(SweepNode(2).removed, 1u);
}

// The release before does not flag it, but ends its key before the record.
TEST_F(SweepTest, AStandInsCopyOfTheReleaseBeforeComesHome) {
  for (const int64_t expires_at_ms : {int64_t{0}, NowMs() + 2 * kHour}) {
    const std::string record = Bytes({kNew, expires_at_ms, false, "v"});
    node(2).Hold(kKey, record, NowMs() + kHour);
    const Sweep::Found found = SweepNode(2);
    EXPECT_EQ(found.repaired, 2u);
    EXPECT_EQ(found.removed, 1u);
    EXPECT_EQ(Held(0), record);
    EXPECT_EQ(node(0).At(kKey)->ends_ms, expires_at_ms);
    for (const size_t home : {0, 1}) node(home).Forget(kKey);
  }
}

// It can undo nothing that was not deleted; and that release writes one on a stand-in so.
TEST_F(SweepTest, AMisplacedTombstoneComesHome) {
  const std::string tombstone = Bytes({kNew, NowMs() + kHour, true, {}});
  node(0).Hold(kKey, Bytes({kOld, 0, false, "v"}));
  node(2).Hold(kKey, tombstone, NowMs() + kHour);
  EXPECT_EQ(SweepNode(2).removed, 1u);
  EXPECT_EQ(Held(0), tombstone);
  EXPECT_EQ(Held(1), tombstone);
}

// Its life was over, and it is kept to beat what the home replica holds.
TEST_F(SweepTest, AStandInsRecordOfAShorterLifeBeatsTheLongerOne) {
  node(0).Hold(kKey, Bytes({kOld, 0, false, "for ever"}));
  const Record ended{kNew, NowMs() - 1000, false, "short"};
  node(2).Hold(kKey, StandIns(ended), ended.expires_at_ms + kHour);
  EXPECT_EQ(SweepNode(2).removed, 1u);
  EXPECT_EQ(Held(0), Bytes(ended));
  EXPECT_EQ(node(0).At(kKey)->ends_ms, ended.expires_at_ms + kHour);
}

// Every change of the ring makes homes of nodes that stood in.
TEST_F(SweepTest, ANodeThatBecameHomeKeepsWhatItHeldAsAStandIn) {
  node(0).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  EXPECT_EQ(SweepNode(0).removed, 0u);
  for (const size_t home : {0, 1}) {
    EXPECT_EQ(Held(home), Bytes({kNew, 0, false, "v"}));
    EXPECT_EQ(node(home).At(kKey)->ends_ms, 0);
  }
}

TEST_F(SweepTest, AHomeReplicaIsGivenTheVersionThatItHoldsAsAStandIn) {
  node(0).Hold(kKey, Bytes({kNew, 0, false, "v"}));
  node(1).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  EXPECT_EQ(SweepNode(0).repaired, 1u);
  EXPECT_EQ(node(1).At(kKey), node(0).At(kKey));
  EXPECT_EQ(SweepNode(0).repaired, 0u);
}

TEST_F(SweepTest, ARecordOfALaterFormatStaysWhereItIs) {
  std::string later = Bytes({kNew, 0, false, "v"});
  later[2] = 2;
  node(2).Hold(kKey, later, NowMs() + kHour);
  const Sweep::Found found = SweepNode(2);
  EXPECT_EQ(found.repaired + found.removed, 0u);
  EXPECT_EQ(Held(2), later);
}

TEST_F(SweepTest, AsksWhenKeysEndOnlyOfWhatIsMisplaced) {
  node(0).Hold(kKey, Bytes({kNew, 0, false, "v"}));
  SweepNode(0);
  node(2).Hold(kKey, StandIns({kNew, 0, false, "v"}), NowMs() + kHour);
  SweepNode(2);
  EXPECT_EQ(node(0).Calls(EndsScript()) + node(2).Calls(EndsScript()), 0u);
  node(2).Hold(kKey, Bytes({kNew, 0, false, "v"}));
  SweepNode(2);
  EXPECT_EQ(node(2).Calls(EndsScript()), 1u);
}

}  // namespace
}  // namespace kache
