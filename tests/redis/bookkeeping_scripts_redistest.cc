// The scripts for markers, leases and inspections, each by itself in a real redis-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;

constexpr uint64_t kRing = 0xAB;
constexpr uint64_t kOtherRing = 0xCD;
constexpr char kMe[] = "00000000000000c0";
constexpr char kOther[] = "00000000000000f0";

FenceNumber Before(FenceNumber fence) { return FenceNumber{static_cast<uint64_t>(fence) - 1}; }

class BookkeepingScriptsTest : public ::testing::Test {
 protected:
  const KeySpace& keys() { return node_.keys(); }
  int64_t Init() {
    return node_
        .Call(InitScript(), {keys().Marker(), keys().Ring(), keys().Sweep()},
              {RingText(kRing), "cache-a", "the ring"})
        .integer;
  }
  redis::Reply CallFence(const std::string& mode, int64_t since_ms, uint64_t ring,
                         const std::string& name) {
    return node_.Call(FenceScript(),
                      {keys().Marker(), keys().Ring(), keys().Coordinators(), keys().Heartbeats(),
                       keys().ResyncProgress()},
                      {RingText(ring), name, "the ring", mode, std::to_string(since_ms),
                       std::to_string(highest_), "kept"});
  }
  // The marker that the script answers.
  Marker Fence(const std::string& mode, int64_t since_ms = 0, uint64_t ring = kRing,
               const std::string& name = "cache-a") {
    const redis::Reply reply = CallFence(mode, since_ms, ring, name);
    const std::optional<Marker> marker = ParseMarker(reply.text);
    EXPECT_TRUE(marker.has_value()) << reply.text;
    return marker.value_or(Marker());
  }
  bool TakeLease(const std::string& coordinator, const std::string& life_ms = "10000") {
    return node_.Call(LeaseScript(), {keys().ResyncLease()}, {coordinator, life_ms}).integer == 1;
  }
  bool Lift(const std::string& run_id, FenceNumber fence, const std::string& coordinator,
            int64_t long_ms = 1'800'000) {
    return node_
               .Call(LiftScript(), {keys().Marker(), keys().ResyncLease(), keys().ResyncProgress()},
                     {run_id, FenceText(fence), coordinator, std::to_string(long_ms)})
               .integer == 1;
  }
  std::optional<Inspection> Inspect(uint64_t drained = 0, uint64_t ring = kRing,
                                    const std::string& not_whole = "") {
    const KeySpace& k = keys();
    const HeartbeatNews news{absl::Seconds(3), FenceNumber{drained}, ring, {{"run-a"}, {}}, {}};
    return ParseInspection(
        node_.Call(InspectScript(),
                   {k.Marker(), k.Ring(), k.Coordinators(), k.Missed(), k.ResyncLease(),
                    k.ResyncProgress(), k.Lost(), k.SweepLease(), k.Sweep(), k.Members(),
                    k.NotWhole(), k.Heartbeats(), k.LostCoordinators()},
                   {kMe, "3000", std::to_string(drained), RingText(ring), not_whole, "200",
                    HeartbeatText(news)}));
  }
  int64_t NoteSource(const std::string& run_id, FenceNumber fence, const std::string& coordinator) {
    return node_
        .Call(NoteSourceScript(), {keys().Marker(), keys().ResyncLease(), keys().ResyncProgress()},
              {run_id, FenceText(fence), coordinator, "cache-b", "run-b"})
        .integer;
  }

  testing::ScriptedNode node_;
  uint64_t highest_ = 0;  // that the caller of a fence knows of
};

TEST_F(BookkeepingScriptsTest, InitWritesAWholeMarkerWhereThereIsNone) {
  EXPECT_EQ(Init(), 1);
  const Marker marker = node_.marker();
  EXPECT_TRUE(marker.whole);
  EXPECT_EQ(marker.ring, kRing);
  EXPECT_EQ(marker.name, "cache-a");
  EXPECT_EQ(marker.run_id, node_.RunId());
  EXPECT_GT(marker.fence, FenceNumber{});
  EXPECT_FALSE(marker.from_all);
  EXPECT_TRUE(marker.came_empty);
  EXPECT_EQ(node_.Get(keys().Ring()), "the ring");
}

TEST_F(BookkeepingScriptsTest, InitNeverReplacesAMarker) {
  node_.Run({"SET", keys().Marker(), "anything"});
  EXPECT_EQ(Init(), 0);
  EXPECT_EQ(node_.Get(keys().Marker()), "anything");
}

TEST_F(BookkeepingScriptsTest, AFenceIfWrongLeavesARightMarkerAlone) {
  Init();
  const FenceNumber before = node_.marker().fence;
  EXPECT_EQ(Fence("if_wrong").fence, before);
  EXPECT_TRUE(node_.marker().whole);
}

TEST_F(BookkeepingScriptsTest, AFenceWhereNoMarkerStandsSaysThatTheNodeCameEmpty) {
  const Marker marker = Fence("if_wrong");
  EXPECT_FALSE(marker.whole);
  EXPECT_TRUE(marker.came_empty && marker.away_ms == 0);
  EXPECT_EQ(marker.run_id, node_.RunId());
}

TEST_F(BookkeepingScriptsTest, ANodeThatCameEmptyStaysSoUntilItIsWhole) {
  EXPECT_TRUE(Fence("if_wrong").came_empty);
  const Marker again = Fence("always", node_.NowMs());  // It missed writes besides.
  EXPECT_TRUE(again.came_empty);
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), again.fence, kMe));
  EXPECT_FALSE(node_.marker().came_empty);
  EXPECT_FALSE(Fence("always").came_empty);
}

TEST_F(BookkeepingScriptsTest, ANodeThatWasWholeOrWasLoadedFromADiskDidNotComeEmpty) {
  Init();
  EXPECT_FALSE(Fence("always").came_empty);
  node_.Run({"DEL", keys().Marker()});
  EXPECT_TRUE(Fence("if_wrong").came_empty);
  node_.Run({"SAVE"});
  node_.server().Restart();
  EXPECT_FALSE(Fence("if_wrong").came_empty);
}

TEST_F(BookkeepingScriptsTest, WhatIsNoMarkerOfOursIsNoEmptyMemory) {
  node_.Run({"SET", keys().Marker(), "anything"});
  EXPECT_FALSE(Fence("if_wrong").came_empty);
}

TEST_F(BookkeepingScriptsTest, TheHolderNotesTheSourcesThatItsResyncHasBrought) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  EXPECT_EQ(NoteSource(node_.RunId(), fenced.fence, kOther), 0);
  EXPECT_EQ(NoteSource(node_.RunId(), Before(fenced.fence), kMe), 0);
  EXPECT_EQ(NoteSource(std::string(40, '0'), fenced.fence, kMe), 0);
  EXPECT_FALSE(HasBroughtFrom(*Inspect(), "cache-b", "run-b"));
  EXPECT_EQ(NoteSource(node_.RunId(), fenced.fence, kMe), 1);
  EXPECT_TRUE(HasBroughtFrom(*Inspect(), "cache-b", "run-b"));
  EXPECT_FALSE(HasBroughtFrom(*Inspect(), "cache-b", "another run"));
  EXPECT_FALSE(HasBroughtFrom(*Inspect(), "cache-c", "run-b"));
  Fence("always");  // What was missed since has to be brought from all.
  EXPECT_FALSE(HasBroughtFrom(*Inspect(), "cache-b", "run-b"));
}

TEST_F(BookkeepingScriptsTest, AFenceTakesAHigherNumberEachTime) {
  Init();
  FenceNumber last = node_.marker().fence;
  for (int i = 0; i < 3; ++i) {
    EXPECT_GT(Fence("always").fence, last);
    last = node_.marker().fence;
  }
}

TEST_F(BookkeepingScriptsTest, AFenceForANumberIsRaisedOnlyWhileThatStands) {
  Init();
  const FenceNumber whole = node_.marker().fence;
  EXPECT_TRUE(Fence(FenceText(Before(whole))).whole);
  const Marker fenced = Fence(FenceText(whole));
  EXPECT_FALSE(fenced.whole);
  EXPECT_EQ(Fence(FenceText(whole)).fence, fenced.fence);  // A later one stands.
}

TEST_F(BookkeepingScriptsTest, AnotherNameOrRingIsFencedAtOnce) {
  Init();
  EXPECT_EQ(Fence("if_wrong", 0, kRing, "cache-b").name, "cache-b");
  EXPECT_FALSE(node_.marker().from_all);
  EXPECT_EQ(Fence("if_wrong", 0, kOtherRing, "cache-b").ring, kOtherRing);
  EXPECT_TRUE(node_.marker().from_all);  // Any node may hold what is this one's now.
  EXPECT_TRUE(Fence("always", 0, kOtherRing, "cache-b").from_all);
}

TEST_F(BookkeepingScriptsTest, AnAbsenceBeginsWithTheEarliestThatAnybodyKnowsOf) {
  Init();
  const int64_t now = node_.NowMs();
  EXPECT_EQ(Fence("always", now - 5000).away_ms, now - 5000);
  EXPECT_EQ(Fence("always", now - 2000).away_ms, now - 5000);
  EXPECT_EQ(Fence("always", now - 9000).away_ms, now - 9000);
  // A clock that is ahead makes no absence of the future.
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), node_.marker().fence, kMe));
  const int64_t away_ms = Fence("always", now + 3'600'000).away_ms;
  EXPECT_LE(away_ms, node_.NowMs());
}

// After a restart with what the disk kept, the last sign of life of any coordinator is what counts.
TEST_F(BookkeepingScriptsTest, ARestartedProcessWasAwaySinceTheLastSignOfLife) {
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

TEST_F(BookkeepingScriptsTest, AFenceThatCannotBeWrittenAnswersTheError) {
  Init();
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const redis::Reply reply = CallFence("always", 0, kRing, "cache-a");
  ASSERT_TRUE(reply.IsError());
  EXPECT_EQ(redis::ClassifyError(reply.text), redis::ErrorKind::kOom);
}

TEST_F(BookkeepingScriptsTest, ALeaseHasOneHolderUntilItEnds) {
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

// The clock of a node that lost its memory may be behind what it said before.
TEST_F(BookkeepingScriptsTest, AFenceIsAboveAllThatItsCallerKnowsOf) {
  highest_ = static_cast<uint64_t>(node_.NowMs()) + 3'600'000;
  EXPECT_EQ(Fence("if_wrong").fence, FenceNumber{highest_ + 1});
}

TEST_F(BookkeepingScriptsTest, AShortDoubtLeavesANodeTrustedForWhatWasBefore) {
  Init();
  const int64_t trusted_ms = node_.marker().TrustedSinceMs();
  while (node_.NowMs() <= trusted_ms + 1) {
  }
  Fence("always", node_.NowMs());
  const Marker fenced = Fence("always", node_.NowMs());  // twice before it is lifted
  EXPECT_EQ(ProgressNumber(*Inspect(), "trusted"), trusted_ms);
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), fenced.fence, kMe));
  EXPECT_EQ(node_.marker().TrustedSinceMs(), trusted_ms);
  EXPECT_GT(node_.marker().since_ms, trusted_ms);
}

TEST_F(BookkeepingScriptsTest, ALongDoubtOrALostMemoryDoesNot) {
  Init();
  const Marker fenced = Fence("always", node_.NowMs() - 2000);
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), fenced.fence, kMe, /*long_ms=*/1000));
  EXPECT_EQ(node_.marker().TrustedSinceMs(), node_.marker().since_ms);
  node_.Run({"DEL", keys().Marker()});
  const Marker empty = Fence("if_wrong");
  TakeLease(kMe);
  ASSERT_TRUE(Lift(node_.RunId(), empty.fence, kMe));
  EXPECT_EQ(node_.marker().TrustedSinceMs(), node_.marker().since_ms);
}

// Its records are as old as the last heartbeat of those who wrote them.
TEST_F(BookkeepingScriptsTest, ANodeOfAnotherRingWasAwaySinceThatRingsLastHeartbeat) {
  Init();
  ASSERT_TRUE(Inspect());
  const int64_t heartbeat_ms = Inspect()->heartbeats.at(0).at_ms;
  while (node_.NowMs() <= heartbeat_ms + 5) {
  }
  EXPECT_LE(Fence("if_wrong", 0, kOtherRing).away_ms, heartbeat_ms);
}

TEST_F(BookkeepingScriptsTest, AnInspectionLeavesNothingOnANodeOfAnotherRing) {
  Init();
  ASSERT_TRUE(Inspect(0, kOtherRing, "cache-b"));
  for (const std::string& key : {keys().Coordinators(), keys().Heartbeats(), keys().NotWhole()}) {
    EXPECT_FALSE(node_.Exists(key)) << key;
  }
}

TEST_F(BookkeepingScriptsTest, TheHolderLiftsItsFence) {
  Init();
  const Marker fenced = Fence("always", node_.NowMs() - 1000);
  TakeLease(kMe);
  node_.Run({"HSET", keys().ResyncProgress(), "done", "1"});
  EXPECT_TRUE(Lift(node_.RunId(), fenced.fence, kMe));
  const Marker marker = node_.marker();
  EXPECT_TRUE(marker.whole);
  EXPECT_EQ(marker.fence, fenced.fence);
  EXPECT_FALSE(node_.Exists(keys().ResyncLease()));
  EXPECT_FALSE(node_.Exists(keys().ResyncProgress()));
  EXPECT_FALSE(Lift(node_.RunId(), fenced.fence, kMe));
}

TEST_F(BookkeepingScriptsTest, NobodyElseLiftsAFence) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  EXPECT_FALSE(Lift(node_.RunId(), fenced.fence, kOther));
  EXPECT_FALSE(Lift(std::string(40, '0'), fenced.fence, kMe));
  EXPECT_FALSE(Lift(node_.RunId(), Before(fenced.fence), kMe));
  const Marker later = Fence("always");
  EXPECT_FALSE(Lift(node_.RunId(), fenced.fence, kMe));  // It slept through the later fence.
  EXPECT_EQ(node_.marker().fence, later.fence);
  EXPECT_FALSE(node_.marker().whole);
}

TEST_F(BookkeepingScriptsTest, NobodyLiftsTheFenceOfAnotherProcess) {
  Init();
  const Marker fenced = Fence("always");
  TakeLease(kMe);
  const std::string run_id = node_.RunId();
  node_.Run({"SAVE"});
  node_.server().Restart();
  EXPECT_FALSE(Lift(run_id, fenced.fence, kMe));
  EXPECT_FALSE(Lift(node_.RunId(), fenced.fence, kMe));
}

TEST_F(BookkeepingScriptsTest, ForgetsAFieldUpToANumber) {
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

TEST_F(BookkeepingScriptsTest, AnInspectionTellsAllAndLeavesAHeartbeat) {
  Init();
  node_.Run({"HSET", keys().Missed(), "cache-b " + std::string(kOther), "3 77"});
  node_.Run({"HSET", keys().Lost(), "cache-c", "1"});
  node_.Run({"HSET", keys().Members(), "cache-d", "1"});
  node_.Run({"HSET", keys().Sweep(), "due", "1", "cursor", "42"});
  ASSERT_TRUE(Inspect(/*drained=*/9));
  const std::optional<Inspection> found = Inspect(9);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->run_id, node_.RunId());
  ASSERT_TRUE(found->marker);
  EXPECT_TRUE(found->marker->whole);
  EXPECT_EQ(found->ring, "");  // ours
  ASSERT_EQ(found->heartbeats.size(), 1u);
  EXPECT_EQ(found->heartbeats[0].coordinator, 0xC0u);
  EXPECT_EQ(found->heartbeats[0].interval, absl::Seconds(3));
  EXPECT_EQ(found->heartbeats[0].drained, FenceNumber{9});
  EXPECT_EQ(found->heartbeats[0].ring, kRing);
  EXPECT_EQ(found->heartbeats[0].reached.at(0).run_id, "run-a");
  // As the release before reads it.
  EXPECT_THAT(node_.Run({"HGET", keys().Coordinators(), kMe}).text, EndsWith(" 3000 9"));
  ASSERT_EQ(found->missed.size(), 1u);
  EXPECT_EQ(found->missed[0].about.node, "cache-b");
  EXPECT_EQ(found->missed[0].note.number, 3u);
  ASSERT_EQ(found->lost.size(), 1u);
  EXPECT_EQ(found->lost[0].name, "cache-c");
  EXPECT_EQ(found->lost[0].at_ms, 1);
  EXPECT_EQ(found->members, std::vector<std::string>{"cache-d"});
  EXPECT_EQ(found->sweep_due_ms, 1);
  EXPECT_EQ(found->sweep_cursor, "42");
  EXPECT_EQ(Inspect(0, kOtherRing)->ring, "the ring");
}

// Its sign would date an absence that was over before it began.
TEST_F(BookkeepingScriptsTest, AnInspectionLeavesNoHeartbeatWithoutARightMarker) {
  ASSERT_TRUE(Inspect());
  EXPECT_FALSE(node_.Exists(keys().Coordinators()));
  Init();
  node_.Run({"SAVE"});
  node_.server().Restart();
  ASSERT_TRUE(Inspect());
  EXPECT_FALSE(node_.Exists(keys().Coordinators()));
}

TEST_F(BookkeepingScriptsTest, AnInspectionNamesTheNodesThatAreNotWholeForAWhile) {
  ASSERT_TRUE(Inspect(0, kRing, "cache-b cache-c"));
  EXPECT_FALSE(node_.Exists(keys().NotWhole()));  // without a marker, it may be nobody's
  Init();
  ASSERT_TRUE(Inspect(0, kRing, "cache-b cache-c"));
  EXPECT_EQ(node_.Get(keys().NotWhole()), "cache-b cache-c");
  ASSERT_TRUE(Inspect());  // by a coordinator that sees them whole
  while (node_.Exists(keys().NotWhole())) {
  }
}

TEST_F(BookkeepingScriptsTest, AnInspectionOfANodeThatTakesNoWritesIsAnswered) {
  Init();
  node_.Run({"CONFIG", "SET", "maxmemory", "1"});
  const std::optional<Inspection> found = Inspect();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->marker->whole);
  EXPECT_THAT(found->heartbeats, IsEmpty());
}

}  // namespace
}  // namespace kache
