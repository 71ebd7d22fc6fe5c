// A resync, and a sweep, of which one command fails, on played nodes and a fake clock: each command
// in turn, in each way. Whatever it is, it goes on, brings all, and leaves nothing over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/replication/scripts.h"
#include "tests/testing/played_cluster.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using testing::PlayedCluster;
using testing::PlayedNode;

enum class Failure {
  kError,            // an error that means nothing
  kRefused,          // the node takes no writes now
  kOddAnswer,        // none that the command can have
  kNeverArrives,     // the connection is lost before the command is run
  kAnswerIsLost,     // the connection is lost after that
  kNodeStandsStill,  // the command is run late
  kCoordinatorDies,  // of all coordinators that which sent it
};

const char* NameOf(Failure failure) {
  static constexpr const char* kNames[] = {"Error",          "Refused",      "OddAnswer",
                                           "NeverArrives",   "AnswerIsLost", "NodeStandsStill",
                                           "CoordinatorDies"};
  return kNames[static_cast<size_t>(failure)];
}

class RecoveryErrors : public ::testing::TestWithParam<Failure> {
 protected:
  static constexpr absl::Duration kTick = absl::Milliseconds(20);
  static constexpr char kKey[] = "k";

  static RecoveryConfig Config() {
    RecoveryConfig config;
    config.replication_factor = 2;
    config.sweep_interval = absl::Hours(10);  // Only what is demanded is swept.
    return config;
  }

  // Two of the nodes are home to the key, the third stands in.
  void Begin() {
    cluster_ = std::make_unique<PlayedCluster>(3, 2, Config());
    for (size_t i = 0; i < 2; ++i) cluster_->coordinator(i).SetLag(absl::Milliseconds(10));
    cluster_->Pass(absl::Seconds(3), kTick);
    ASSERT_TRUE(cluster_->AllUp());
    const PreferenceList walk =
        cluster_->coordinator(0).ring().Preference(HashRing::Token(kKey), 3);
    home_ = walk[0].index();
    other_home_ = walk[1].index();
    stand_in_ = walk[2].index();
  }
  // A home replica comes back that lacks a write, which a stand-in took as well. (The other
  // coordinator is to live on whichever one does not.)
  void BeginResync() {
    Begin();
    cluster_->Kill(home_);
    cluster_->Pass(kTick, kTick);
    cluster_->coordinator(0).Write({kKey, "value"});
    cluster_->Pass(absl::Seconds(1), kTick);
    ASSERT_TRUE(cluster_->node(other_home_).Record(kKey));
    ASSERT_TRUE(cluster_->node(stand_in_).Record(kKey));
    cluster_->Return(home_);
  }
  // A node holds what it is not home to: an earlier ring left it.
  void BeginSweep() {
    Begin();
    PlayedNode& node = cluster_->node(stand_in_);
    node.records().Hold(node.keys().Data(kKey), EncodeRecord({{1, 1}, 0, false, "value"}));
    node.SetHash(node.keys().Sweep(), "due", "1");
  }

  // The command that comes to any node after so many others fails; whether there was one.
  bool FailCommand(size_t after, Failure failure, const std::function<bool()>& is_done) {
    size_t commands = 0;
    std::optional<size_t> failed;
    for (size_t node = 0; node < 3; ++node) {
      cluster_->node(node).Refuse(
          [&, node](const redis::Command& command) -> std::optional<redis::Reply> {
            if (commands++ != after) return std::nullopt;
            failed = node;
            if (failure == Failure::kError) return redis::Reply::Error("ERR odd");
            if (failure == Failure::kRefused) {
              return redis::Reply::Error("OOM command not allowed when used memory > 'maxmemory'.");
            }
            // Nobody reads what a plain command answers.
            if (failure == Failure::kOddAnswer && command.script() != nullptr) {
              return redis::Reply::Nil();
            }
            if (failure == Failure::kNeverArrives) return redis::Reply::Nil();  // which never comes
            return std::nullopt;
          });
    }
    bool any = false;
    for (int i = 0; i < 60 * 50 && !(any && is_done()); ++i) {
      cluster_->Pass(kTick, kTick);
      if (!failed && is_done()) break;
      if (!failed) continue;
      any = true;
      Suffer(*failed, failure);
      failed.reset();
    }
    for (size_t node = 0; node < 3; ++node) cluster_->node(node).Refuse(nullptr);
    return any;
  }
  // Beyond what was answered.
  void Suffer(size_t node, Failure failure) {
    switch (failure) {
      case Failure::kError:
      case Failure::kRefused:
      case Failure::kOddAnswer:
        return;
      case Failure::kNeverArrives:
      case Failure::kAnswerIsLost:
        cluster_->Kill(node);
        cluster_->Return(node);
        return;
      case Failure::kNodeStandsStill:
        cluster_->Stall(node);
        cluster_->Pass(absl::Seconds(5), kTick);
        cluster_->GoOn(node);
        return;
      case Failure::kCoordinatorDies:
        cluster_->Replace(0);
        cluster_->coordinator(0).SetLag(absl::Milliseconds(10));
        return;
    }
  }

  bool IsResynced() {
    if (!cluster_->AllUp()) return false;
    for (size_t node = 0; node < 3; ++node) {
      PlayedNode& it = cluster_->node(node);
      if (!it.hash(it.keys().Missed()).empty()) return false;
      if (!it.Get(it.keys().ResyncLease()).empty()) return false;
    }
    return true;
  }
  std::string Describe() {
    std::string text;
    for (size_t node = 0; node < 3; ++node) {
      PlayedNode& it = cluster_->node(node);
      text += "node " + std::to_string(node) + ": " + it.Get(it.keys().Marker());
      for (const auto& [field, value] : it.hash(it.keys().Missed())) {
        text += "; missed " + field + " " + value;
      }
      text += "; lease " + it.Get(it.keys().ResyncLease());
      for (size_t i = 0; i < 2; ++i) {
        text += "; coordinator " + std::to_string(i) + " sees " +
                cluster_->coordinator(i).Status(node).reason;
      }
      text += "\n";
    }
    return text;
  }
  // What lives on: the last lease that was taken, and a demand, may.
  void ExpectNothingIsLeftOver() {
    for (size_t node = 0; node < 3; ++node) {
      PlayedNode& it = cluster_->node(node);
      EXPECT_THAT(it.hash(it.keys().Missed()), IsEmpty());
      EXPECT_THAT(it.hash(it.keys().ResyncProgress()), IsEmpty());
      EXPECT_EQ(it.Get(it.keys().ResyncLease()), "");
      EXPECT_EQ(it.Get(it.keys().SweepLease()), "");
      EXPECT_EQ(it.hash(it.keys().Sweep()).count("due"), 0u);
      EXPECT_EQ(it.hash(it.keys().Sweep()).count("begun_for"), 0u);
      ASSERT_TRUE(it.marker());
      EXPECT_TRUE(it.marker()->whole);
    }
  }

  std::unique_ptr<PlayedCluster> cluster_;
  size_t home_ = 0;
  size_t other_home_ = 0;
  size_t stand_in_ = 0;
};

TEST_P(RecoveryErrors, AResyncGoesOnWhicheverCommandFails) {
  for (size_t command = 0;; ++command) {
    SCOPED_TRACE("command " + std::to_string(command));
    BeginResync();
    const bool any = FailCommand(command, GetParam(), [this] { return IsResynced(); });
    ASSERT_TRUE(IsResynced()) << Describe();
    EXPECT_TRUE(cluster_->node(home_).Record(kKey));
    // The sweep that it demands brings the stand-in's copy home.
    cluster_->Pass(absl::Seconds(20), kTick);
    EXPECT_FALSE(cluster_->node(stand_in_).Record(kKey));
    ExpectNothingIsLeftOver();
    if (!any || HasFailure()) break;
  }
}

TEST_P(RecoveryErrors, ASweepGoesOnWhicheverCommandFails) {
  for (size_t command = 0;; ++command) {
    SCOPED_TRACE("command " + std::to_string(command));
    BeginSweep();
    const bool any = FailCommand(command, GetParam(), [this] {
      PlayedNode& it = cluster_->node(stand_in_);
      return cluster_->AllUp() && !it.Record(kKey) && it.hash(it.keys().Sweep()).count("due") == 0;
    });
    EXPECT_FALSE(cluster_->node(stand_in_).Record(kKey));
    EXPECT_TRUE(cluster_->AllUp());
    cluster_->Pass(absl::Seconds(20), kTick);
    ExpectNothingIsLeftOver();
    if (!any || HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Failures, RecoveryErrors,
                         ::testing::Values(Failure::kError, Failure::kRefused, Failure::kOddAnswer,
                                           Failure::kNeverArrives, Failure::kAnswerIsLost,
                                           Failure::kNodeStandsStill, Failure::kCoordinatorDies),
                         [](const auto& test) { return NameOf(test.param); });

}  // namespace
}  // namespace kache
