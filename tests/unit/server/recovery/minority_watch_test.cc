#include "server/recovery/minority_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/testing/evidence_of.h"

namespace kache {
namespace {

using testing::EvidenceOf;

constexpr absl::Duration kInterval = absl::Seconds(3);
constexpr uint64_t kThird = 3;

class MinorityWatchTest : public ::testing::Test {
 protected:
  MinorityWatchTest() { evidence_.MarkAll(); }
  // This coordinator reaches only these.
  void Reach(const std::vector<size_t>& nodes) {
    for (size_t i = 0; i < 4; ++i) {
      evidence_.Of(i).is_ready = std::find(nodes.begin(), nodes.end(), i) != nodes.end();
      if (!evidence_.Of(i).is_ready) evidence_.Lose(i);
    }
  }
  // What another one says, on node `on`, that it reaches: "xx-x" = all but the third.
  Heartbeat& Says(size_t on, uint64_t coordinator, const std::string& reached, bool lives = true) {
    evidence_.Beat(on, coordinator, lives);
    Heartbeat& heartbeat = evidence_.At(on).heartbeats.back();
    for (const char c : reached) heartbeat.reached.push_back({c == 'x' ? "run" : ""});
    return heartbeat;
  }
  bool InMinority() const { return ReachesMinority(evidence_.value); }

  EvidenceOf evidence_{4};
};

TEST_F(MinorityWatchTest, WhoReachesOneOfFourIsInAMinority) {
  Reach({2});
  EXPECT_FALSE(InMinority());  // Nobody else lives, as far as it knows.
  Says(2, EvidenceOf::kOther, "xxxx");
  EXPECT_TRUE(InMinority());
}

TEST_F(MinorityWatchTest, HalfIsNoMinority) {
  Reach({0, 2});
  Says(2, EvidenceOf::kOther, "xxxx");
  EXPECT_FALSE(InMinority());
}

// Else all coordinators would turn callers away where most nodes die.
TEST_F(MinorityWatchTest, NodesThatNobodyReachesDoNotCount) {
  Reach({2});
  Says(2, EvidenceOf::kOther, "--x-");
  Says(2, kThird, "-xx-", /*lives=*/false);
  EXPECT_FALSE(InMinority());
  Says(2, kThird, "-xx-");
  EXPECT_FALSE(InMinority());
}

TEST_F(MinorityWatchTest, WhatTheOthersReachCountsTogether) {
  Reach({2});
  Says(2, EvidenceOf::kOther, "x-x-");
  EXPECT_FALSE(InMinority());
  Says(2, kThird, "-xx-");
  EXPECT_TRUE(InMinority());
}

TEST_F(MinorityWatchTest, HeartbeatsOfAnotherRingOrOfTheReleaseBeforeSayNothing) {
  Reach({2});
  Says(2, EvidenceOf::kOther, "xxxx").ring = 0xDEF;
  Says(2, kThird, "");
  EXPECT_FALSE(InMinority());
}

TEST_F(MinorityWatchTest, CountsOnceItHasLastedForTwoIntervals) {
  MinorityWatch watch(kInterval);
  MonotonicTime now{std::chrono::seconds(100)};
  Reach({2});
  Says(2, EvidenceOf::kOther, "xxxx");
  EXPECT_FALSE(watch.OnEvidence(evidence_.value, now));
  now += std::chrono::seconds(5);
  EXPECT_FALSE(watch.OnEvidence(evidence_.value, now));
  evidence_.At(2).heartbeats.clear();  // A moment without: it begins anew.
  EXPECT_FALSE(watch.OnEvidence(evidence_.value, now));
  Says(2, EvidenceOf::kOther, "xxxx");
  EXPECT_FALSE(watch.OnEvidence(evidence_.value, now));
  now += std::chrono::seconds(6);
  EXPECT_FALSE(watch.OnEvidence(evidence_.value, now));  // That one may stand still since.
  evidence_.At(2).heartbeats.back().as_of =
      absl::FromUnixMillis(EvidenceOf::kNowMs) + absl::Seconds(4);
  EXPECT_TRUE(watch.OnEvidence(evidence_.value, now));
}

}  // namespace
}  // namespace kache
