// How a comparison with all other nodes goes on after an error, and after its coordinator died, on
// played nodes and a fake clock.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>

#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/resync_checkpoint.h"
#include "server/recovery/copy_scripts.h"
#include "tests/unit/server/recovery/hints_fixture.h"

namespace kache {
namespace {

constexpr size_t kPageKeys = 4;

// Node a restarts empty; the two others hold all keys, of which a resync copies 100 a second.
class ResumedResyncOverTime : public ::testing::Test {
 protected:
  static constexpr int kKeys = 1000;

  static RecoveryConfig Config() {
    RecoveryConfig config;
    config.resync_keys_per_second = 100;
    config.sweep_interval = absl::Hours(10);  // Only what is demanded is swept.
    return config;
  }
  ResumedResyncOverTime() {
    cluster_.SetPageKeys(kPageKeys);
    cluster_.Pass(kMoment);
    const Version version{static_cast<uint64_t>(cluster_.node(0).NowMs()) << 16, 1};
    record_ = EncodeRecord({version, 0, false, "value"});
    for (int i = 0; i < kKeys; ++i) {
      for (size_t node = 0; node < 3; ++node) Hold(node, Key(i));
    }
  }
  static std::string Key(int i) { return "key-" + std::to_string(10000 + i); }
  void Hold(size_t node, const std::string& key) {
    cluster_.node(node).records().Hold(cluster_.node(node).keys().Data(key), record_);
  }
  void BeginComparison() {
    cluster_.RestartEmpty(0);
    for (int i = 0; i < 100 && !Holder(); ++i) cluster_.Pass(absl::Milliseconds(100));
    ASSERT_TRUE(Holder());
  }
  // Which coordinator resyncs node a.
  std::optional<size_t> Holder() {
    const std::string text = cluster_.node(0).Get(cluster_.node(0).keys().ResyncLease());
    for (size_t i = 0; i < 2; ++i) {
      if (cluster_.is_gone(i)) continue;
      if (CoordinatorText(cluster_.coordinator(i).id()) == text) return i;
    }
    return std::nullopt;
  }
  void PassUntilUp() {
    for (int i = 0; i < 1200 && !IsWhole(); ++i) cluster_.Pass(absl::Milliseconds(100));
    ASSERT_TRUE(IsWhole());
  }
  bool IsWhole() {
    const auto marker = cluster_.node(0).marker();
    return marker && marker->whole;
  }
  size_t Pages() { return cluster_.node(1).pages() + cluster_.node(2).pages(); }
  int Held() {
    int held = 0;
    for (int i = 0; i < kKeys; ++i) held += cluster_.node(0).Record(Key(i)) ? 1 : 0;
    return held;
  }
  double Seen(size_t coordinator) {
    return cluster_.coordinator(coordinator).Metric("kache_recovery_resync_keys_seen_total");
  }

  PlayedCluster cluster_{3, 2, Config()};
  std::string record_;
};

TEST_F(ResumedResyncOverTime, AnotherCoordinatorGoesOnWhereOneDied) {
  BeginComparison();
  const size_t first = *Holder();
  cluster_.Pass(absl::Seconds(5));
  const int before = Held();
  ASSERT_GT(before, kKeys / 10);
  ASSERT_LT(before, kKeys / 2 + kKeys / 4);
  cluster_.End(first);
  PassUntilUp();
  EXPECT_EQ(Held(), kKeys);
  // Of two sources, and what was brought beyond the last checkpoint.
  EXPECT_LE(Seen(1 - first), 2 * kKeys - before + 30);
}

// A deploy, while the node had missed writes of all of them.
TEST_F(ResumedResyncOverTime, NotesThatWereDrainedHoldNothingUp) {
  cluster_.Kill(0);
  for (size_t i = 0; i < 2; ++i) cluster_.coordinator(i).Miss(0);
  cluster_.Pass(kMoment);
  BeginComparison();
  const size_t first = *Holder();
  cluster_.Pass(absl::Seconds(5));
  const int before = Held();
  cluster_.End(first);
  PassUntilUp();
  EXPECT_EQ(Held(), kKeys);
  EXPECT_LE(Seen(1 - first), 2 * kKeys - before + 30);
  const double seen = Seen(1 - first);
  cluster_.Pass(absl::Seconds(30));
  EXPECT_TRUE(IsWhole());
  EXPECT_EQ(Seen(1 - first), seen);  // Nor is it compared again for the note.
  EXPECT_TRUE(cluster_.node(1).hash(cluster_.node(1).keys().Missed()).empty());
}

// Its key is one that had been read before.
TEST_F(ResumedResyncOverTime, WhatADeadCoordinatorNotedSinceIsBrought) {
  BeginComparison();
  const size_t first = *Holder();
  cluster_.Pass(absl::Seconds(5));
  const std::string key = Key(0) + "-missed";
  for (const size_t node : {1, 2}) Hold(node, key);
  cluster_.coordinator(first).Miss(0);
  cluster_.End(first);
  PassUntilUp();
  cluster_.Pass(absl::Seconds(60));
  EXPECT_TRUE(IsWhole());
  EXPECT_TRUE(cluster_.node(0).Record(key));
  EXPECT_EQ(Held(), kKeys);
}

TEST_F(ResumedResyncOverTime, ASourceThatLostItsMemoryIsComparedFromItsFirstKey) {
  BeginComparison();
  const size_t first = *Holder();
  cluster_.Pass(absl::Seconds(5));
  cluster_.End(first);
  cluster_.RestartEmpty(1);
  PassUntilUp();
  EXPECT_EQ(Held(), kKeys);
}

TEST_F(ResumedResyncOverTime, AnErrorCostsWhatWasLeftAlone) {
  BeginComparison();
  cluster_.Pass(absl::Seconds(5));
  bool failed = false;
  cluster_.node(0).Refuse([&](const redis::Command& command) -> std::optional<redis::Reply> {
    if (failed || command.script() != &StoreScript()) return std::nullopt;
    failed = true;
    return redis::Reply::Error("ERR odd");
  });
  PassUntilUp();
  EXPECT_TRUE(failed);
  EXPECT_EQ(Held(), kKeys);
  EXPECT_LE(Pages(), 2 * kKeys / kPageKeys + 10);
}

TEST_F(ResumedResyncOverTime, ErrorsWithoutAnEndComeEverMoreSeldom) {
  BeginComparison();
  size_t refused = 0;
  cluster_.node(0).Refuse([&](const redis::Command& command) -> std::optional<redis::Reply> {
    if (command.script() != &StoreScript()) return std::nullopt;
    ++refused;
    return redis::Reply::Error("ERR odd");
  });
  cluster_.Pass(absl::Minutes(1));
  const size_t first_minute = refused;
  EXPECT_GT(first_minute, 4u);
  cluster_.Pass(absl::Minutes(4));
  EXPECT_LT(refused - first_minute, 2 * first_minute + 20);
  EXPECT_GT(refused - first_minute, 8u);
  cluster_.node(0).Refuse(nullptr);
  PassUntilUp();
  EXPECT_EQ(Held(), kKeys);
}

// The node has been brought all that others hold. (It is swept itself, as it forgot when it was.)
TEST_F(ResumedResyncOverTime, NoSweepOfTheOthersFollows) {
  BeginComparison();
  PassUntilUp();
  const size_t pages = Pages();
  cluster_.Pass(absl::Seconds(30));
  EXPECT_EQ(Pages(), pages);
}

}  // namespace
}  // namespace kache
