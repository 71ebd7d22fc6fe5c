// The recovery's scripts for markers, leases and inspections, each by itself in a real
// redis-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/recovery/look.h"
#include "server/recovery/recovery_scripts.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kRing = 0xAB;
constexpr uint64_t kOtherRing = 0xCD;
constexpr char kMe[] = "00000000000000c0";
constexpr char kOther[] = "00000000000000f0";

class RecoveryScriptsTest : public ::testing::Test {
 protected:
  const KeySpace& keys() { return node_.keys(); }
  int64_t Init() {
    return node_
        .Call(InitScript(), {keys().Marker(), keys().Ring(), keys().Sweep()},
              {RingText(kRing), "cache-a", "the ring"})
        .integer;
  }
  // The marker that the script answers.
  Marker Fence(const std::string& mode, int64_t since_ms = 0, uint64_t ring = kRing,
               const std::string& name = "cache-a") {
    const redis::Reply reply =
        node_.Call(FenceScript(),
                   {keys().Marker(), keys().Ring(), keys().Coordinators(), keys().ResyncProgress()},
                   {RingText(ring), name, "the ring", mode, std::to_string(since_ms)});
    const std::optional<Marker> marker = ParseMarker(reply.text);
    EXPECT_TRUE(marker.has_value()) << reply.text;
    return marker.value_or(Marker());
  }
  bool TakeLease(const std::string& coordinator, const std::string& life_ms = "10000") {
    return node_.Call(LeaseScript(), {keys().ResyncLease()}, {coordinator, life_ms}).integer == 1;
  }
  bool Lift(const std::string& run_id, uint64_t sync, const std::string& coordinator) {
    return node_
               .Call(LiftScript(), {keys().Marker(), keys().ResyncLease(), keys().ResyncProgress()},
                     {run_id, std::to_string(sync), coordinator})
               .integer == 1;
  }
  std::optional<Look> LookAt(uint64_t settled = 0, uint64_t ring = kRing,
                             const std::string& not_whole = "") {
    const KeySpace& k = keys();
    return ParseLook(node_.Call(
        LookScript(),
        {k.Marker(), k.Ring(), k.Coordinators(), k.Missed(), k.ResyncLease(), k.ResyncProgress(),
         k.Forsaken(), k.SweepLease(), k.Sweep(), k.Members(), k.NotWhole()},
        {kMe, "3000", std::to_string(settled), RingText(ring), not_whole, "200"}));
  }
  int64_t NoteSource(const std::string& run_id, uint64_t sync, const std::string& coordinator) {
    return node_
        .Call(NoteSourceScript(), {keys().Marker(), keys().ResyncLease(), keys().ResyncProgress()},
              {run_id, std::to_string(sync), coordinator, "cache-b", "run-b"})
        .integer;
  }

  testing::ScriptedNode node_;
};

TEST_F(RecoveryScriptsTest, InitWritesAWholeMarkerWhereThereIsNone) {
  EXPECT_EQ(Init(), 1);
  const Marker marker = node_.marker();
  EXPECT_TRUE(marker.whole);
  EXPECT_EQ(marker.ring, kRing);
  EXPECT_EQ(marker.name, "cache-a");
  EXPECT_EQ(marker.run_id, node_.RunId());
  EXPECT_GT(marker.sync, 0u);
  EXPECT_FALSE(marker.from_all);
  EXPECT_TRUE(marker.came_empty);
  EXPECT_EQ(node_.Get(keys().Ring()), "the ring");
}

TEST_F(RecoveryScriptsTest, InitNeverReplacesAMarker) {
  node_.Run({"SET", keys().Marker(), "anything"});
  EXPECT_EQ(Init(), 0);
  EXPECT_EQ(node_.Get(keys().Marker()), "anything");
}

TEST_F(RecoveryScriptsTest, AFenceIfWrongLeavesARightMarkerAlone) {
  Init();
  const Marker before = node_.marker();
  EXPECT_TRUE(Fence("if_wrong").whole);
  EXPECT_EQ(node_.marker().sync, before.sync);
}

TEST_F(RecoveryScriptsTest, AFenceWhereNoMarkerStandsSaysThatTheNodeCameEmpty) {
  const Marker marker = Fence("if_wrong");
  EXPECT_FALSE(marker.whole);
  EXPECT_EQ(marker.away_ms, 0);
  EXPECT_TRUE(marker.came_empty);
  EXPECT_EQ(marker.run_id, node_.RunId());
}

TEST_F(RecoveryScriptsTest, ANodeThatCameEmptyStaysSoUntilItIsWhole) {
  EXPECT_TRUE(Fence("if_wrong").came_empty);
  const Marker again = Fence("always", node_.NowMs());  // It missed writes besides.
  EXPECT_TRUE(again.came_empty);
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), again.sync, kMe));
  EXPECT_FALSE(node_.marker().came_empty);
  EXPECT_FALSE(Fence("always").came_empty);
}

TEST_F(RecoveryScriptsTest, ANodeThatWasWholeOrWasLoadedFromADiskDidNotComeEmpty) {
  Init();
  EXPECT_FALSE(Fence("always").came_empty);
  node_.Run({"DEL", keys().Marker()});
  EXPECT_TRUE(Fence("if_wrong").came_empty);
  node_.Run({"SAVE"});
  node_.server().Restart();
  EXPECT_FALSE(Fence("if_wrong").came_empty);
}

TEST_F(RecoveryScriptsTest, WhatIsNoMarkerOfOursIsNoEmptyMemory) {
  node_.Run({"SET", keys().Marker(), "anything"});
  EXPECT_FALSE(Fence("if_wrong").came_empty);
}

TEST_F(RecoveryScriptsTest, TheHolderNotesTheSourcesThatItsResyncHasBrought) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  EXPECT_EQ(NoteSource(node_.RunId(), fenced.sync, kOther), 0);
  EXPECT_EQ(NoteSource(node_.RunId(), fenced.sync - 1, kMe), 0);
  EXPECT_EQ(NoteSource(std::string(40, '0'), fenced.sync, kMe), 0);
  EXPECT_FALSE(HasBroughtFrom(*LookAt(), "cache-b", "run-b"));
  EXPECT_EQ(NoteSource(node_.RunId(), fenced.sync, kMe), 1);
  EXPECT_TRUE(HasBroughtFrom(*LookAt(), "cache-b", "run-b"));
  EXPECT_FALSE(HasBroughtFrom(*LookAt(), "cache-b", "another run"));
  EXPECT_FALSE(HasBroughtFrom(*LookAt(), "cache-c", "run-b"));
  Fence("always");  // What was missed since has to be brought from all.
  EXPECT_FALSE(HasBroughtFrom(*LookAt(), "cache-b", "run-b"));
}

TEST_F(RecoveryScriptsTest, AFenceTakesAHigherSyncEachTime) {
  Init();
  uint64_t last = node_.marker().sync;
  for (int i = 0; i < 3; ++i) {
    const Marker marker = Fence("always");
    EXPECT_FALSE(marker.whole);
    EXPECT_GT(marker.sync, last);
    last = marker.sync;
  }
}

TEST_F(RecoveryScriptsTest, AFenceForASyncIsRaisedOnlyWhileThatStands) {
  Init();
  const uint64_t sync = node_.marker().sync;
  EXPECT_TRUE(Fence(std::to_string(sync - 1)).whole);
  const Marker fenced = Fence(std::to_string(sync));
  EXPECT_FALSE(fenced.whole);
  EXPECT_EQ(Fence(std::to_string(sync)).sync, fenced.sync);  // A later one stands.
}

TEST_F(RecoveryScriptsTest, AnotherNameOrRingIsFencedAtOnce) {
  Init();
  EXPECT_EQ(Fence("if_wrong", 0, kRing, "cache-b").name, "cache-b");
  EXPECT_FALSE(node_.marker().from_all);
  EXPECT_EQ(Fence("if_wrong", 0, kOtherRing, "cache-b").ring, kOtherRing);
  EXPECT_TRUE(node_.marker().from_all);  // Any node may hold what is this one's now.
  EXPECT_TRUE(Fence("always", 0, kOtherRing, "cache-b").from_all);
}

TEST_F(RecoveryScriptsTest, AnAbsenceBeginsWithTheEarliestThatAnybodyKnowsOf) {
  Init();
  const int64_t now = node_.NowMs();
  EXPECT_EQ(Fence("always", now - 5000).away_ms, now - 5000);
  EXPECT_EQ(Fence("always", now - 2000).away_ms, now - 5000);
  EXPECT_EQ(Fence("always", now - 9000).away_ms, now - 9000);
  // A clock that is ahead makes no absence of the future.
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), node_.marker().sync, kMe));
  const int64_t away_ms = Fence("always", now + 3'600'000).away_ms;
  EXPECT_LE(away_ms, node_.NowMs());
}

// After a restart with what the disk kept, the last sign of life of any coordinator is what counts.
TEST_F(RecoveryScriptsTest, ARestartedProcessWasAwaySinceTheLastSignOfLife) {
  Init();
  const int64_t sign = node_.NowMs() + 1000;
  node_.Run({"HSET", keys().Coordinators(), kMe, std::to_string(sign - 700) + " 3000 0"});
  node_.Run({"HSET", keys().Coordinators(), kOther, std::to_string(sign) + " 3000 0"});
  node_.Run({"SAVE"});
  node_.server().Restart();
  while (node_.NowMs() <= sign) {
  }
  const Marker marker = Fence("if_wrong");
  EXPECT_FALSE(marker.whole);
  EXPECT_EQ(marker.run_id, node_.RunId());
  EXPECT_EQ(marker.away_ms, sign);
}

TEST_F(RecoveryScriptsTest, AFenceThatCannotBeWrittenAnswersTheError) {
  Init();
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const redis::Reply reply =
      node_.Call(FenceScript(),
                 {keys().Marker(), keys().Ring(), keys().Coordinators(), keys().ResyncProgress()},
                 {RingText(kRing), "cache-a", "the ring", "always", "0"});
  ASSERT_TRUE(reply.IsError());
  EXPECT_EQ(redis::ClassifyError(reply.text), redis::ErrorKind::kOom);
}

TEST_F(RecoveryScriptsTest, ALeaseHasOneHolderUntilItEnds) {
  EXPECT_TRUE(TakeLease(kMe));
  EXPECT_TRUE(TakeLease(kMe));
  EXPECT_FALSE(TakeLease(kOther));
  EXPECT_FALSE(TakeLease(kOther, "0"));  // Only its holder gives it back.
  EXPECT_FALSE(TakeLease(kOther));
  EXPECT_FALSE(TakeLease(kMe, "0"));
  EXPECT_TRUE(TakeLease(kOther, "50"));
  while (node_.Exists(keys().ResyncLease())) {
  }
  EXPECT_TRUE(TakeLease(kMe));
}

TEST_F(RecoveryScriptsTest, TheHolderLiftsItsFence) {
  Init();
  const Marker fenced = Fence("always", node_.NowMs() - 1000);
  TakeLease(kMe);
  node_.Run({"HSET", keys().ResyncProgress(), "done", "1"});
  EXPECT_TRUE(Lift(node_.RunId(), fenced.sync, kMe));
  const Marker marker = node_.marker();
  EXPECT_TRUE(marker.whole);
  EXPECT_EQ(marker.sync, fenced.sync);
  EXPECT_EQ(marker.away_ms, 0);
  EXPECT_FALSE(node_.Exists(keys().ResyncLease()));
  EXPECT_FALSE(node_.Exists(keys().ResyncProgress()));
  EXPECT_FALSE(Lift(node_.RunId(), fenced.sync, kMe));
}

TEST_F(RecoveryScriptsTest, NobodyElseLiftsAFence) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  EXPECT_FALSE(Lift(node_.RunId(), fenced.sync, kOther));
  EXPECT_FALSE(Lift(std::string(40, '0'), fenced.sync, kMe));
  EXPECT_FALSE(Lift(node_.RunId(), fenced.sync - 1, kMe));
  const Marker later = Fence("always");
  EXPECT_FALSE(Lift(node_.RunId(), fenced.sync, kMe));  // It slept through the later fence.
  EXPECT_EQ(node_.marker().sync, later.sync);
  EXPECT_FALSE(node_.marker().whole);
}

TEST_F(RecoveryScriptsTest, NobodyLiftsTheFenceOfAnotherProcess) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  const std::string run_id = node_.RunId();
  node_.Run({"SAVE"});
  node_.server().Restart();
  EXPECT_FALSE(Lift(run_id, fenced.sync, kMe));
  EXPECT_FALSE(Lift(node_.RunId(), fenced.sync, kMe));
}

TEST_F(RecoveryScriptsTest, ForgetsAFieldUpToANumber) {
  node_.Run({"HSET", "h", "field", "5 123"});
  const auto forget = [this](const std::string& number) {
    return node_.Call(ForgetScript(), {"h"}, {"field", number}).integer;
  };
  EXPECT_EQ(forget("4"), 0);  // A newer note than the one that was seen to.
  EXPECT_EQ(forget("5"), 1);
  EXPECT_EQ(forget("5"), 0);
  node_.Run({"HSET", "h", "field", "x"});
  EXPECT_EQ(forget(""), 1);
}

TEST_F(RecoveryScriptsTest, ALookTellsAllAndLeavesASignOfLife) {
  Init();
  node_.Run({"HSET", keys().Missed(), "cache-b " + std::string(kOther), "3 77"});
  node_.Run({"HSET", keys().Forsaken(), "cache-c", "1"});
  node_.Run({"HSET", keys().Members(), "cache-d", "1"});
  node_.Run({"HSET", keys().Sweep(), "due", "1", "cursor", "42"});
  ASSERT_TRUE(LookAt(/*settled=*/9));
  const std::optional<Look> look = LookAt(9);
  ASSERT_TRUE(look);
  EXPECT_EQ(look->run_id, node_.RunId());
  ASSERT_TRUE(look->marker);
  EXPECT_TRUE(look->marker->whole);
  EXPECT_EQ(look->ring, "");  // ours
  ASSERT_EQ(look->coordinators.size(), 1u);
  EXPECT_EQ(look->coordinators[0].coordinator, 0xC0u);
  EXPECT_EQ(look->coordinators[0].interval, absl::Seconds(3));
  EXPECT_EQ(look->coordinators[0].settled, 9u);
  ASSERT_EQ(look->missed.size(), 1u);
  EXPECT_EQ(look->missed[0].about.node, "cache-b");
  EXPECT_EQ(look->missed[0].note.number, 3u);
  EXPECT_THAT(look->forsaken, ElementsAre("cache-c"));
  EXPECT_THAT(look->members, ElementsAre("cache-d"));
  EXPECT_TRUE(look->sweep_due);
  EXPECT_EQ(look->sweep_cursor, "42");
  EXPECT_EQ(LookAt(0, kOtherRing)->ring, "the ring");
}

// Its sign would date an absence that was over before it began.
TEST_F(RecoveryScriptsTest, ALookLeavesNoSignOnAProcessWithoutARightMarker) {
  ASSERT_TRUE(LookAt());
  EXPECT_FALSE(node_.Exists(keys().Coordinators()));
  Init();
  node_.Run({"SAVE"});
  node_.server().Restart();
  ASSERT_TRUE(LookAt());
  EXPECT_FALSE(node_.Exists(keys().Coordinators()));
}

TEST_F(RecoveryScriptsTest, ALookNamesTheNodesThatAreNotWholeForAWhile) {
  ASSERT_TRUE(LookAt(0, kRing, "cache-b cache-c"));
  EXPECT_FALSE(node_.Exists(keys().NotWhole()));  // without a marker, it may be nobody's
  Init();
  ASSERT_TRUE(LookAt(0, kRing, "cache-b cache-c"));
  EXPECT_EQ(node_.Get(keys().NotWhole()), "cache-b cache-c");
  ASSERT_TRUE(LookAt());  // by a coordinator that sees them whole
  while (node_.Exists(keys().NotWhole())) {
  }
}

TEST_F(RecoveryScriptsTest, ALookAtANodeThatTakesNoWritesIsAnswered) {
  Init();
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const std::optional<Look> look = LookAt();
  ASSERT_TRUE(look);
  EXPECT_TRUE(look->marker->whole);
  EXPECT_THAT(look->coordinators, IsEmpty());
}

}  // namespace
}  // namespace kache
