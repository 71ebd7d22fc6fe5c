// What is removed from a node that was away for long, over fake nodes.
#include "server/recovery/prune.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
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
constexpr NodeWord kTrusted{true, std::numeric_limits<int64_t>::max()};
constexpr NodeWord kNothing{};

// Node 0 was away for long. All three are home replicas of the key.
class PruneTest : public ::testing::Test {
 protected:
  PruneTest() {
    plan_.node = NodeId(0);
    plan_.reachable = {false, true, true};
    plan_.words = {kNothing, kTrusted, kNothing};
    for (size_t i = 0; i < 3; ++i) {
      stores_.push_back(std::make_unique<FakeStore>(clock_));
      clients_.push_back(&stores_.back()->client());
    }
  }
  void Hold(size_t node, absl::Duration age) {
    stores_[node]->Hold(kKey, EncodeRecord({{TimestampOf(age), 1}, 0, false, "v"}));
  }
  // It stood still for so long, and kept its memory.
  NodeWord AwaySince(absl::Duration age) const { return {false, MillisOf(TimestampOf(age))}; }
  // Whether the key is gone from node 0.
  bool IsRemoved() {
    Copier copier(clients_, "kache:d:",
                  {absl::Hours(1),
                   absl::Minutes(10),
                   &clock_,
                   [](NodeId) { return absl::ZeroDuration(); },
                   {}});
    Pace pace(1000);
    Prune prune(plan_, copier, ring_, 3, pace);
    while (!prune.finished()) {
      prune.Pump(clock_.Monotonic());
      for (bool any = true; any;) {
        any = false;
        for (const auto& store : stores_) any |= store->Serve();
      }
      clock_.Advance(absl::Milliseconds(1));
    }
    EXPECT_TRUE(prune.status().ok()) << prune.status();
    const bool removed = !stores_[0]->At(kKey);
    EXPECT_EQ(prune.removed(), removed ? 1u : 0u);
    return removed;
  }

  testing::FakeClock clock_;
  const HashRing ring_ = HashRing::AtTokens(
      {"a", "b", "c"},
      {{HashRing::Token("k") + 1}, {HashRing::Token("k") + 2}, {HashRing::Token("k") + 3}});
  std::vector<std::unique_ptr<FakeStore>> stores_;
  std::vector<redis::NodeClient*> clients_;
  PrunePlan plan_;

 private:
  uint64_t TimestampOf(absl::Duration age) const {
    return static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now() - age)) << 16;
  }
};

TEST_F(PruneTest, RemovesWhatANodeThatWasThereLacks) {
  Hold(0, absl::Hours(2));
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

// The tombstone of a later delete is still there, if there was one.
TEST_F(PruneTest, KeepsWhatIsYoung) {
  Hold(0, absl::Minutes(29));
  EXPECT_FALSE(IsRemoved());
}

TEST_F(PruneTest, KeepsAllThatAnotherNodeMayHold) {
  Hold(0, absl::Hours(2));
  plan_.reachable[2] = false;
  EXPECT_FALSE(IsRemoved());
}

}  // namespace
}  // namespace kache
