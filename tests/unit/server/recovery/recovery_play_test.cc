// Random histories of small clusters (tests/testing/random_play.h says what must hold).
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/testing/captured_log.h"
#include "tests/testing/random_play.h"

namespace kache {
namespace {

using testing::RandomPlay;
using testing::RandomPlayRules;

// KACHE_TEST_SEED plays others than these, KACHE_TEST_SEEDS so many.
void PlayAll(uint64_t first, uint64_t seeds, int steps, const RandomPlayRules& rules) {
  if (const char* chosen = std::getenv("KACHE_TEST_SEED")) first = std::stoull(chosen);
  if (const char* many = std::getenv("KACHE_TEST_SEEDS")) seeds = std::stoull(many);
  const testing::CapturedLog quiet;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    RandomPlay play(seed, rules);
    play.Run(steps);
    if (!play.failed()) play.Heal();
    if (!play.failed() && !rules.at_quorum) play.CheckTheEnd();
    ASSERT_FALSE(play.failed()) << "seed " << seed << play.story();
    if (rules.at_quorum) {
      EXPECT_GT(play.quorum().answered(), 0u) << "seed " << seed;
    }
    if (rules.one_fault_at_a_time) {
      EXPECT_FALSE(play.has_lost()) << "seed " << seed << play.story();
    }
  }
}

TEST(RecoveryPlay, NothingIsLostByOneFaultAfterAnother) {
  PlayAll(1, 6, 12, {.one_fault_at_a_time = true});
}

TEST(RecoveryPlay, NothingIsLostByOneFaultAfterAnotherOfTwoCopies) {
  PlayAll(100, 6, 12, {.copies = 2, .one_fault_at_a_time = true});
}

// Faults last for longer than deletes are remembered.
TEST(RecoveryPlay, DeletesStayDeletedAfterLongFaults) {
  PlayAll(200, 6, 10,
          {.copies = 2,
           .tombstone_ttl = absl::Minutes(1),
           .one_fault_at_a_time = true,
           .longest_fault = absl::Minutes(2)});
}

TEST(RecoveryPlay, WhatSurvivesIsReadWhateverHappens) { PlayAll(300, 8, 80, {.copies = 3}); }

// Nodes that are merely behind count, too.
TEST(RecoveryPlay, AnyMajorityShowsWhatWasAcknowledgedAtQuorum) {
  PlayAll(500, 6, 80, {.at_quorum = true});
}

// Doubts get longer than half a tombstone's life.
TEST(RecoveryPlay, AnyMajorityShowsItAfterLongDoubts) {
  PlayAll(600, 6, 80, {.tombstone_ttl = absl::Seconds(40), .at_quorum = true});
}

TEST(RecoveryPlay, WhatSurvivesIsReadWhateverHappensToTwoCopies) {
  PlayAll(400, 8, 80, {.nodes = 5, .copies = 2});
}

}  // namespace
}  // namespace kache
