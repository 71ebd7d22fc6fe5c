// Which nodes are made whole by hints alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/recovery/resync_plan.h"
#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using testing::EvidenceOf;

constexpr int64_t kTombstoneMs = 3'600'000;
constexpr int64_t kNowMs = 100'000'000;

NodeId Id(size_t index) { return NodeId(static_cast<uint16_t>(index)); }

// Node a is the one that is resynced.
class HintsPlanTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSelf = EvidenceOf::kSelf;
  static constexpr uint64_t kOther = EvidenceOf::kOther;

  HintsPlanTest() {
    evidence_.MarkAll();
    for (size_t i = 0; i < 4; ++i) {
      evidence_.At(i).now_ms = kNowMs;
      rules_.share_arcs.emplace_back(4, true);
      evidence_.Beat(i, kSelf, /*lives=*/true);
      evidence_.Beat(i, kOther, /*lives=*/true);
    }
    rules_.homes = 3;
    rules_.tombstone_ttl = absl::Milliseconds(kTombstoneMs);
    rules_.max_clock_skew = absl::Seconds(5);
    rules_.max_write_age = absl::Seconds(600);
    Fence(kNowMs - 60'000, /*kept_memory=*/true);
  }
  void Fence(int64_t away_ms, bool kept_memory) {
    Marker& marker = evidence_.MarkerOf(0);
    marker.whole = false;
    marker.away_ms = away_ms;
    marker.kept_memory = kept_memory;
  }
  bool MayGo() const {
    return MayGoByHints(evidence_.value, PlanResync(evidence_.value, rules_, Id(0), {}));
  }
  // Neither form of heartbeat tells more of the release before.
  void BeatOld(size_t on, uint64_t coordinator, bool lives) {
    evidence_.Beat(on, coordinator, lives);
    evidence_.At(on).heartbeats.back().ring = 0;
  }

  EvidenceOf evidence_{4};
  ResyncRules rules_;
};

TEST_F(HintsPlanTest, ANodeThatKeptItsMemoryGoesByHints) { EXPECT_TRUE(MayGo()); }

TEST_F(HintsPlanTest, OneThatLostItDoesNot) {
  Fence(kNowMs - 60'000, /*kept_memory=*/false);
  EXPECT_FALSE(MayGo());
}

TEST_F(HintsPlanTest, OneWhoseMemoryIsNotTrustedDoesNot) {
  evidence_.Of(0).memory_untrusted = true;
  EXPECT_FALSE(MayGo());
}

TEST_F(HintsPlanTest, OneThatHasLackedWritesForLongDoesNot) {
  Fence(kNowMs - kTombstoneMs / 2, /*kept_memory=*/true);
  EXPECT_TRUE(MayGo());
  evidence_.Note(1, "a", kOther, kNowMs - kTombstoneMs / 2 - 1);
  EXPECT_FALSE(MayGo());
}

// Its hints went with its memory.
TEST_F(HintsPlanTest, WhereANodeThatMayHoldHintsLostItsMemorySinceItDoesNot) {
  evidence_.MarkerOf(1).since_ms = kNowMs - 50'000;
  EXPECT_FALSE(MayGo());
  evidence_.MarkerOf(1).since_ms = kNowMs - 70'000;
  EXPECT_TRUE(MayGo());
  evidence_.Of(1).clock_offset = absl::Seconds(-20);  // That was 50 seconds ago.
  EXPECT_FALSE(MayGo());
  evidence_.Of(1).clock_offset = absl::ZeroDuration();
  evidence_.MarkerOf(1).whole = false;  // It is being compared itself, since before.
  EXPECT_TRUE(MayGo());
  evidence_.MarkerOf(1).run_id = "another";
  EXPECT_FALSE(MayGo());
}

// What that one missed meanwhile has hints elsewhere.
TEST_F(HintsPlanTest, WhereANodeThatMayHoldHintsWasMerelyBehindItDoes) {
  Marker& marker = evidence_.MarkerOf(1);
  marker.whole = false;
  marker.kept_memory = true;
  marker.since_ms = kNowMs - 10'000;
  marker.away_ms = kNowMs - 20'000;
  evidence_.At(1).progress = {{"trusted", "1000"}};
  EXPECT_TRUE(MayGo());
  marker.whole = true;
  marker.away_ms = 1000;
  EXPECT_TRUE(MayGo());
}

TEST_F(HintsPlanTest, WhileANodeThatMayHoldHintsIsAwayItDoesNot) {
  evidence_.Lose(2);
  EXPECT_FALSE(MayGo());
}

TEST_F(HintsPlanTest, WhileAnotherRingsRecordsMayBeTakenItDoesNot) {
  evidence_.Mark(2, EvidenceOf::kRing + 1);
  EXPECT_FALSE(MayGo());
}

TEST_F(HintsPlanTest, ACoordinatorThatIsNotBuriedYetMayHaveLeftSomethingHalfDone) {
  evidence_.Beat(2, 0x77, /*lives=*/false);
  EXPECT_FALSE(MayGo());
  EXPECT_TRUE(AwaitsBurial(evidence_.value, Id(0)));
}

// It was told there that it ended; or it is to be buried on the others first.
TEST_F(HintsPlanTest, OnTheNodeItselfAHeartbeatOfTheDeadMeansNothing) {
  evidence_.Beat(0, 0x77, /*lives=*/false);
  EXPECT_TRUE(MayGo());
  EXPECT_FALSE(AwaitsBurial(evidence_.value, Id(0)));
}

TEST_F(HintsPlanTest, NobodyIsBuriedWhereNothingCanBeWritten) {
  evidence_.Beat(2, 0x77, /*lives=*/false);
  evidence_.Of(2).refuses_writes = true;
  EXPECT_FALSE(AwaitsBurial(evidence_.value, Id(0)));
  EXPECT_FALSE(MayGo());
}

TEST_F(HintsPlanTest, ACoordinatorOfTheReleaseBeforeLeavesNoHints) {
  BeatOld(2, 0x77, /*lives=*/true);
  EXPECT_FALSE(MayGo());
  EXPECT_FALSE(AwaitsBurial(evidence_.value, Id(0)));
  EXPECT_THAT(HintingCoordinators(evidence_.value), ElementsAre(kSelf, kOther));
}

TEST_F(HintsPlanTest, HintsStandOnNodesOfOurs) {
  evidence_.Lose(1);
  evidence_.Mark(2, EvidenceOf::kRing + 1);
  EXPECT_THAT(HintHolders(evidence_.value, Id(0)), ElementsAre(Id(3)));
}

}  // namespace
}  // namespace kache
