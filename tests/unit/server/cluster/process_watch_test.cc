#include "server/cluster/process_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "tests/testing/fake_clock.h"
#include "tests/testing/seed.h"

namespace kache {
namespace {

constexpr ProcessAgreement kOne = ProcessAgreement::kOne;
constexpr ProcessAgreement kUnsettled = ProcessAgreement::kUnsettled;
constexpr ProcessAgreement kSeveral = ProcessAgreement::kSeveral;
constexpr absl::Duration kMoment = absl::Milliseconds(10);

// Three connections to one node; a handshake takes a moment.
class ProcessWatchTest : public ::testing::Test {
 protected:
  void Connect(size_t connection, const std::string& run_id) {
    const MonotonicTime asked_at = clock_.Monotonic();
    Pass(kMoment);
    watch_.OnConnected(connection, run_id, asked_at, clock_.Monotonic());
    Pass(kMoment);
  }
  void Drop(size_t connection) { watch_.OnDown(connection, clock_.Monotonic()); }
  void Pass(absl::Duration time) { clock_.Advance(time); }
  void Tick() { watch_.Tick(clock_.Monotonic()); }
  // All are made anew: connection i reaches the i-th of these.
  void Remake(const std::string& first, const std::string& second, const std::string& third) {
    for (size_t i = 0; i < 3; ++i) Drop(i);
    Connect(0, first);
    Connect(1, second);
    Connect(2, third);
  }
  void RemakeAll(const std::string& run_id) { Remake(run_id, run_id, run_id); }
  // So often that it counts.
  void Convince(const std::string& run_id) {
    for (int i = 0; i < 3; ++i) RemakeAll(run_id);
  }
  ProcessAgreement agreement() const { return watch_.agreement(); }
  absl::Duration Ago(MonotonicTime time) { return absl::FromChrono(clock_.Monotonic() - time); }

  testing::FakeClock clock_;
  ProcessWatch watch_{3, clock_.Monotonic()};
};

TEST_F(ProcessWatchTest, NothingIsSaidOfConnectionsThatAreNotMade) {
  EXPECT_EQ(agreement(), kOne);
  EXPECT_EQ(watch_.Reached(), "");
  Connect(1, "a");
  EXPECT_EQ(agreement(), kOne);
  EXPECT_EQ(watch_.Reached(), "a");
}

TEST_F(ProcessWatchTest, APlainRestartIsNoFinding) {
  RemakeAll("a");
  RemakeAll("b");
  RemakeAll("c");
  EXPECT_EQ(agreement(), kOne);
  EXPECT_EQ(watch_.rounds(), 0u);
  EXPECT_FALSE(watch_.TakeDoubt());
}

// The host lost its power: only the connection that was in use has noticed.
TEST_F(ProcessWatchTest, ARestartThatOneConnectionHasNoticedSettles) {
  RemakeAll("a");
  Drop(0);
  Connect(0, "b");
  EXPECT_EQ(agreement(), kUnsettled);
  EXPECT_EQ(watch_.Reached(), "a,b");
  EXPECT_EQ(watch_.rounds(), 1u) << "all are made anew, at once";
  RemakeAll("b");
  EXPECT_EQ(agreement(), kOne);
  EXPECT_EQ(watch_.rounds(), 1u);
  EXPECT_FALSE(watch_.TakeDoubt());
}

TEST_F(ProcessWatchTest, IsUnsettledUntilAllConnectionsAreMadeAnew) {
  RemakeAll("a");
  Drop(0);
  Connect(0, "b");
  for (size_t i = 0; i < 3; ++i) Drop(i);
  EXPECT_EQ(agreement(), kUnsettled);
  Connect(0, "b");
  Connect(1, "b");
  EXPECT_EQ(agreement(), kUnsettled);
  Connect(2, "b");
  EXPECT_EQ(agreement(), kOne);
}

TEST_F(ProcessWatchTest, AConnectionThatCannotBeMadeIsNotWaitedForLonger) {
  RemakeAll("a");
  Drop(0);
  Connect(0, "b");
  for (size_t i = 0; i < 3; ++i) Drop(i);
  Connect(0, "b");
  Connect(1, "b");
  Pass(ProcessWatch::kRound);
  Tick();
  EXPECT_EQ(agreement(), kOne);
  EXPECT_EQ(watch_.rounds(), 1u);
}

TEST_F(ProcessWatchTest, AnOldProcessThatAnswersAgainProvesThatBothLive) {
  RemakeAll("old");
  Drop(0);
  Connect(0, "new");
  Drop(1);
  Connect(1, "old");
  EXPECT_EQ(agreement(), kSeveral);
}

TEST_F(ProcessWatchTest, SeesItAlsoWhereAllConnectionsSwitchTogether) {
  RemakeAll("a");
  RemakeAll("b");
  EXPECT_EQ(agreement(), kOne);
  RemakeAll("a");
  EXPECT_EQ(agreement(), kSeveral);
}

TEST_F(ProcessWatchTest, TheReturnOfAProcessIsSeenLongAfter) {
  RemakeAll("a");
  for (int i = 0; i < 10; ++i) {
    Pass(absl::Hours(24));
    RemakeAll("b" + std::to_string(i));
  }
  Pass(absl::Hours(24));
  RemakeAll("a");
  EXPECT_EQ(agreement(), kSeveral);
}

// This process was frozen: the old process's answer waited in a socket.
TEST_F(ProcessWatchTest, AnAnswerThatWaitedHereProvesNothing) {
  Connect(0, "old");
  Connect(2, "old");
  const MonotonicTime asked_at = clock_.Monotonic();
  Pass(absl::Seconds(5));
  Drop(0);
  Connect(0, "new");
  watch_.OnConnected(1, "old", asked_at, clock_.Monotonic());
  EXPECT_EQ(agreement(), kUnsettled);
  RemakeAll("new");
  EXPECT_EQ(agreement(), kOne);
}

// At the start all are asked at once, so the first answers do not tell which process was first.
TEST_F(ProcessWatchTest, AnswersThatWereAskedForTogetherProveNothing) {
  const MonotonicTime asked_at = clock_.Monotonic();
  Pass(kMoment);
  const std::vector<std::string> run_ids = {"a", "b", "a"};
  for (size_t i = 0; i < run_ids.size(); ++i) {
    watch_.OnConnected(i, run_ids[i], asked_at, clock_.Monotonic());
    Pass(kMoment);
  }
  EXPECT_EQ(agreement(), kUnsettled);
  Remake("b", "a", "b");
  EXPECT_EQ(agreement(), kSeveral);
}

TEST_F(ProcessWatchTest, AsksForNewConnectionsOnceARound) {
  Remake("a", "b", "a");
  const uint64_t rounds = watch_.rounds();
  for (absl::Duration passed; passed < ProcessWatch::kRound; passed += absl::Milliseconds(100)) {
    Pass(absl::Milliseconds(100));
    Tick();
  }
  EXPECT_EQ(watch_.rounds(), rounds + 1);
  Remake("b", "a", "b");
  EXPECT_EQ(watch_.rounds(), rounds + 1);
}

TEST_F(ProcessWatchTest, EqualHandshakesInARowConvince) {
  Remake("a", "b", "a");
  ASSERT_EQ(agreement(), kSeveral);
  RemakeAll("a");
  EXPECT_EQ(agreement(), kSeveral) << "so few may be chance";
  const uint64_t rounds = watch_.rounds();
  Pass(ProcessWatch::kRound);
  Tick();
  EXPECT_EQ(watch_.rounds(), rounds + 1) << "more are asked for";
  RemakeAll("a");
  EXPECT_EQ(agreement(), kSeveral);
  RemakeAll("a");
  EXPECT_EQ(agreement(), kOne);
}

TEST_F(ProcessWatchTest, OneThatDiffersStartsTheCountOver) {
  Remake("a", "b", "a");
  RemakeAll("a");
  RemakeAll("a");
  Remake("b", "a", "a");
  RemakeAll("a");
  EXPECT_EQ(agreement(), kSeveral);
}

TEST_F(ProcessWatchTest, IsNotConvincedWhileAConnectionIsMissing) {
  Remake("a", "b", "a");
  Convince("a");
  RemakeAll("b");
  ASSERT_EQ(agreement(), kSeveral);
  Drop(2);
  for (int i = 0; i < 20; ++i) {
    Drop(0);
    Connect(0, "b");
  }
  EXPECT_EQ(agreement(), kSeveral);
  Drop(1);
  Connect(1, "b");
  Connect(2, "b");
  EXPECT_EQ(agreement(), kOne);
}

TEST_F(ProcessWatchTest, WhatAProcessMissedMeanwhileIsInDoubt) {
  RemakeAll("a");
  Pass(absl::Minutes(7));
  RemakeAll("b");  // "a" was agreed on until here
  const MonotonicTime left_at = clock_.Monotonic();
  Pass(absl::Minutes(30));
  RemakeAll("a");
  EXPECT_FALSE(watch_.TakeDoubt()) << "not before it is used";
  Convince("a");
  const auto since = watch_.TakeDoubt();
  ASSERT_TRUE(since);
  EXPECT_LE(*since, left_at);
  EXPECT_GE(*since, left_at - std::chrono::seconds(1));
  EXPECT_FALSE(watch_.TakeDoubt()) << "once";
}

TEST_F(ProcessWatchTest, AProcessThatWasNeverAgreedOnIsInDoubtFromTheStart) {
  const MonotonicTime started = clock_.Monotonic();
  RemakeAll("a");
  Pass(absl::Minutes(7));
  Remake("b", "a", "b");
  Convince("b");
  EXPECT_EQ(watch_.TakeDoubt(), started);
}

TEST_F(ProcessWatchTest, TheEndOfOneFindingIsNoProofOfAnother) {
  Remake("a", "b", "a");
  Convince("a");
  ASSERT_EQ(agreement(), kOne);
  RemakeAll("a");
  EXPECT_EQ(agreement(), kOne);
  RemakeAll("c");
  EXPECT_EQ(agreement(), kOne) << "a restart";
  RemakeAll("b");
  EXPECT_EQ(agreement(), kSeveral);
}

TEST_F(ProcessWatchTest, RemembersABoundedNumber) {
  for (size_t i = 0; i < 10 * ProcessWatch::kRemembered; ++i) RemakeAll(std::to_string(i));
  EXPECT_EQ(agreement(), kOne);
  RemakeAll(std::to_string(10 * ProcessWatch::kRemembered - 2));
  EXPECT_EQ(agreement(), kSeveral);
}

// A balancer that picks at random: it is found, and the name then hardly ever counts as one.
TEST_F(ProcessWatchTest, ABalancerIsFound) {
  std::mt19937_64 random(TestSeed());
  Remake("a", "b", "a");
  ASSERT_EQ(agreement(), kSeveral);
  int one = 0;
  for (int round = 0; round < 1000; ++round) {
    const auto pick = [&] { return random() % 2 == 0 ? "a" : "b"; };
    Remake(pick(), pick(), pick());
    one += agreement() == kOne ? 1 : 0;
    Pass(ProcessWatch::kRound);
    Tick();
  }
  EXPECT_LT(one, 30);
}

TEST_F(ProcessWatchTest, RoundsThatOthersAskForAreBounded) {
  RemakeAll("a");
  const uint64_t before = watch_.rounds();
  Pass(ProcessWatch::kRound);
  for (int i = 0; i < 10; ++i) watch_.RequestRound(clock_.Monotonic());
  EXPECT_EQ(watch_.rounds(), before + 1);
  EXPECT_EQ(agreement(), kOne);
  Pass(ProcessWatch::kRound);
  watch_.RequestRound(clock_.Monotonic());
  EXPECT_EQ(watch_.rounds(), before + 2);
}

}  // namespace
}  // namespace kache
