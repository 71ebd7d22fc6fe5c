// What is removed from a node that was away for long, over fake nodes.
#include "server/recovery/prune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_store.h"

namespace kache {
namespace {

using testing::FakeStore;

constexpr char kKey[] = "kache:d:k";
constexpr NodeWord kTrusted{true, std::numeric_limits<int64_t>::max()};
constexpr NodeWord kNothing{};
constexpr absl::Duration kMaxWriteAge = absl::Minutes(10);

// Node 0 was away for long. Home replicas of the key are the nodes 0, 1 and 2; node 3 is none.
class PruneTest : public ::testing::Test {
 protected:
  static constexpr size_t kNodes = 4;

  PruneTest() {
    plan_.node = NodeId(0);
    plan_.reachable = {false, true, true, true};
    plan_.words = {kNothing, kTrusted, kNothing, kNothing};
    for (size_t i = 0; i < kNodes; ++i) {
      stores_.push_back(std::make_unique<FakeStore>(clock_));
      plan_.memories.push_back(node(i).memory());
    }
  }
  FakeStore& node(size_t index) { return *stores_[index]; }
  // A record that was written so long ago.
  std::string OfAge(absl::Duration age) const {
    return EncodeRecord({{TimestampOf(age), 1}, 0, false, "v"});
  }
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }
  // The same, touched `after` that.
  std::string TouchedAfter(absl::Duration age, absl::Duration after) const {
    Record record{{TimestampOf(age), 0}, 0, false, "v"};
    record.touched = true;
    record.version.clock = static_cast<uint64_t>(absl::ToInt64Milliseconds(after))
                           << kTouchHashBits;
    return EncodeRecord(record);
  }
  void Hold(size_t index, absl::Duration age) { node(index).Hold(kKey, OfAge(age)); }
  bool Holds(size_t index) { return node(index).At(kKey).has_value(); }
  // It stood still for so long, and kept its memory.
  NodeWord AwaySince(absl::Duration age) const { return {false, MillisOf(TimestampOf(age))}; }
  // Until it has finished; how many records were removed.
  uint64_t Run() {
    std::vector<redis::NodeClient*> clients;
    for (const auto& store : stores_) clients.push_back(&store->client());
    Copier copier(
        std::move(clients), "kache:d:",
        {absl::Hours(1), kMaxWriteAge, &clock_, [](NodeId) { return absl::ZeroDuration(); }, {}});
    Pace pace(1000);
    Prune prune(plan_, copier, ring_, /*homes=*/3, pace);
    while (!prune.finished()) {
      prune.Pump(clock_.Monotonic());
      for (bool any = true; any;) {
        any = false;
        for (const auto& store : stores_) any |= store->Serve();
        if (after_each_answer_) after_each_answer_();
      }
      clock_.Advance(absl::Milliseconds(1));
    }
    status_ = prune.status();
    return prune.removed();
  }
  // Whether the key is gone from node 0.
  bool IsRemoved() {
    const uint64_t count = Run();
    EXPECT_TRUE(status_.ok()) << status_;
    EXPECT_EQ(count, Holds(0) ? 0u : 1u);
    return !Holds(0);
  }

  testing::FakeClock clock_;
  const HashRing ring_ = HashRing::AtTokens({"a", "b", "c", "d"}, {{HashRing::Token("k") + 1},
                                                                   {HashRing::Token("k") + 2},
                                                                   {HashRing::Token("k") + 3},
                                                                   {HashRing::Token("k") + 4}});
  std::vector<std::unique_ptr<FakeStore>> stores_;
  PrunePlan plan_;
  std::function<void()> after_each_answer_;
  absl::Status status_;

 private:
  uint64_t TimestampOf(absl::Duration age) const {
    return static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now() - age)) << 16;
  }
};

TEST_F(PruneTest, RemovesWhatANodeThatWasThereLacks) {
  Hold(0, absl::Hours(2));
  EXPECT_TRUE(IsRemoved());
}

// It let the value end with the life that it knew.
TEST_F(PruneTest, ANodeThatMissedATouchProvesNothing) {
  plan_.words[1] = AwaySince(absl::Hours(3));
  node(0).Hold(kKey, TouchedAfter(absl::Hours(5), absl::Hours(1)));
  EXPECT_TRUE(IsRemoved()) << "it was touched before";
  node(0).Hold(kKey, TouchedAfter(absl::Hours(5), absl::Hours(3)));
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, ANodeThatHasLostItsMemorySinceProvesNothing) {
  Hold(0, absl::Hours(2));
  node(1).Restart();
  Run();
  EXPECT_EQ(status_.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(Holds(0));
}

TEST_F(PruneTest, ANodeThatWasFlushedSinceProvesNothing) {
  Hold(0, absl::Hours(2));
  node(1).FlushAll();
  Run();
  EXPECT_EQ(status_.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(Holds(0));
}

// The process was told to drop another database, not ours.
TEST_F(PruneTest, ANodeThatKeptItsMarkerKeptItsMemory) {
  Hold(0, absl::Hours(2));
  node(1).FlushAnother();
  EXPECT_TRUE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatANodeThatWasThereHolds) {
  Hold(0, absl::Hours(2));
  Hold(1, absl::Hours(2));
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, BelievesNoCopyOfALongAbsence) {
  Hold(0, absl::Hours(2));
  Hold(2, absl::Hours(2));
  plan_.words[2] = AwaySince(absl::Hours(1));
  EXPECT_TRUE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatNobodyIsKnownToHaveHad) {
  Hold(0, absl::Hours(2));
  plan_.words = {kNothing, kNothing, {true, 0}};
  EXPECT_FALSE(IsRemoved());
}

// It kept its memory: the delete came before its own absence, or there would be a copy.
TEST_F(PruneTest, RemovesWhatANodeLacksThatWasAwayItself) {
  Hold(0, absl::Hours(4));
  plan_.words = {kNothing, AwaySince(absl::Hours(3)), kNothing};
  EXPECT_TRUE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatWasWrittenWhileTheOtherWasAway) {
  Hold(0, absl::Hours(2));
  plan_.words = {kNothing, AwaySince(absl::Hours(3)), kNothing};
  EXPECT_FALSE(IsRemoved());
}

// None says that the key was deleted: both may have missed that.
TEST_F(PruneTest, KeepsWhatTwoHoldThatWereAway) {
  Hold(0, absl::Hours(4));
  Hold(1, absl::Hours(4));
  plan_.words = {kNothing, AwaySince(absl::Hours(3)), kNothing};
  EXPECT_FALSE(IsRemoved());
}

// It was in doubt for a moment only: a delete that it missed is not forgotten yet.
TEST_F(PruneTest, KeepsWhatTheNodeHadBeforeAShortDoubt) {
  Hold(0, absl::Hours(2));
  plan_.words[0] = {true, NowMs()};
  EXPECT_FALSE(IsRemoved());
  plan_.words[0].is_trusted = false;
  EXPECT_TRUE(IsRemoved());
}

TEST_F(PruneTest, RemovesWhatTheNodeWasBroughtInAShortDoubt) {
  Hold(0, absl::Hours(2));
  plan_.words[0] = {true, NowMs() - absl::ToInt64Milliseconds(absl::Hours(3))};
  EXPECT_TRUE(IsRemoved());
}

// The tombstone of a later delete is still there, if there was one.
TEST_F(PruneTest, KeepsWhatIsYoung) {
  Hold(0, absl::Minutes(29));
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, KeepsAllThatAnotherNodeMayHold) {
  Hold(0, absl::Hours(2));
  plan_.reachable[2] = false;
  EXPECT_FALSE(IsRemoved());
  EXPECT_EQ(node(1).client().sent().size(), 0u);
}

TEST_F(PruneTest, KeepsWhatAnotherHoldsInAnOlderVersion) {
  Hold(0, absl::Hours(2));
  Hold(1, absl::Hours(3));
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatATombstoneStandsFor) {
  Hold(0, absl::Hours(2));
  const int64_t ends_ms = absl::ToUnixMillis(clock_.Now()) + 60'000;
  node(1).Hold(kKey, EncodeRecord({{1, 1}, ends_ms, true, {}}), ends_ms);
  EXPECT_FALSE(IsRemoved());
}

// Node 3 knows, but it is not home to the key.
TEST_F(PruneTest, OnlyAHomeReplicaVouches) {
  Hold(0, absl::Hours(2));
  plan_.words = {kNothing, kNothing, kNothing, kTrusted};
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, ANodeThatIsNoHomeReplicaMayBeOutOfReach) {
  Hold(0, absl::Hours(2));
  plan_.reachable[3] = false;
  EXPECT_TRUE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatTheNodeIsNotHomeTo) {
  plan_.node = NodeId(3);
  plan_.reachable = {true, true, true, false};
  plan_.words = {kTrusted, kTrusted, kTrusted, kNothing};
  Hold(3, absl::Hours(2));
  EXPECT_EQ(Run(), 0u);
  EXPECT_TRUE(Holds(3));
}

TEST_F(PruneTest, KeepsWhatIsNotKaches) {
  node(0).Hold(kKey, "somebody else's");
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, KeepsWhatWasReplacedWhileTheOthersWereAsked) {
  Hold(0, absl::Hours(2));
  const std::string newer = OfAge(absl::ZeroDuration());
  after_each_answer_ = [&] {
    if (node(1).Calls(WitnessScript()) > 0) node(0).Hold(kKey, newer);
  };
  EXPECT_FALSE(IsRemoved());
  EXPECT_EQ(node(0).At(kKey)->bytes, newer);
}

// It stood still between reading the page and removing.
TEST_F(PruneTest, RemovesNothingByWhatWasReadLongAgo) {
  Hold(0, absl::Hours(2));
  after_each_answer_ = [&] {
    if (std::exchange(after_each_answer_, nullptr)) {
      clock_.Advance(kMaxWriteAge + absl::Minutes(1));
    }
  };
  EXPECT_EQ(Run(), 0u);
  EXPECT_TRUE(absl::IsDeadlineExceeded(status_)) << status_;
  EXPECT_TRUE(Holds(0));
}

TEST_F(PruneTest, GoesThroughAllPages) {
  for (size_t i = 1; i < kNodes; ++i) plan_.words[i] = kTrusted;
  node(0).set_page_keys(3);
  size_t homes = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    node(0).Hold("kache:d:" + key, OfAge(absl::Hours(2)));
    const PreferenceList list = ring_.Preference(HashRing::Token(key), 3);
    homes += std::find(list.begin(), list.end(), NodeId(0)) != list.end() ? 1 : 0;
  }
  ASSERT_GT(homes, 5u);
  EXPECT_EQ(Run(), homes);
}

// Whichever command fails: the one of a page, of the beginnings, of another's word, of removing.
TEST_F(PruneTest, BreaksOffWhereACommandFailsAndRemovesNothing) {
  struct {
    size_t node;
    size_t command;
  } constexpr kCommands[] = {{0, 0}, {0, 1}, {1, 0}, {2, 0}, {0, 2}};
  plan_.words[2] = kTrusted;
  Hold(0, absl::Hours(2));
  for (const auto& [at, command] : kCommands) {
    for (const bool answers : {true, false}) {
      if (answers) {
        node(at).AnswerOnce(command, redis::Reply::Error("ERR odd"));
      } else {
        node(at).AnswerOnce(command, absl::UnavailableError("the connection was lost"));
      }
      EXPECT_EQ(Run(), 0u) << at << " " << command;
      EXPECT_TRUE(absl::IsUnavailable(status_)) << status_;
      EXPECT_TRUE(Holds(0));
    }
  }
  EXPECT_EQ(Run(), 1u);
}

TEST_F(PruneTest, BreaksOffWhereAnAnswerIsTooShort) {
  Hold(0, absl::Hours(2));
  for (const size_t at : {0, 1}) {
    node(at).AnswerOnce(0, testing::ArrayReply({}));
    EXPECT_EQ(Run(), 0u);
    EXPECT_FALSE(status_.ok());
    EXPECT_TRUE(Holds(0));
  }
}

}  // namespace
}  // namespace kache
