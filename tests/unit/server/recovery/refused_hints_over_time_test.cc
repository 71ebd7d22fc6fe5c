// Hints on nodes that refuse what is to be done with them, on played nodes and a fake clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/missed_note.h"
#include "server/replication/scripts.h"
#include "tests/unit/server/recovery/hints_fixture.h"

namespace kache {
namespace {

constexpr char kDenied[] = "NOPERM ACL failure in script: User kache has no permissions to run 'x'";
constexpr char kNoReplicas[] = "NOREPLICAS Not enough good replicas to write.";

// Redis's user may not take, begin anew or end sets of hints.
void DenyHints(PlayedNode& node) {
  node.Refuse([](const redis::Command& command) -> std::optional<redis::Reply> {
    const std::array denied = {&TakeHints(), &FinishHints(), &ResetHints(), &EndComparison(),
                               &MarkOverflow()};
    if (std::ranges::find(denied, command.script()) == denied.end()) return std::nullopt;
    return redis::Reply::Error(kDenied);
  });
}

// It answers whatever only reads, and refuses the rest. Coordinators' inspections are answered, and
// leave a heartbeat, as if that were read.
void RefuseWrites(PlayedNode& node) {
  node.Refuse([](const redis::Command& command) -> std::optional<redis::Reply> {
    const std::array reads = {&InspectScript(), &PeekHints(), &ReadWithMarker(), &ReadWithMemory()};
    const redis::Script* script = command.script();
    if (script != nullptr && std::ranges::find(reads, script) != reads.end()) return std::nullopt;
    const std::array writes = {&TakeHints(),    &FinishHints(),  &ResetHints(),  &EndComparison(),
                               &MarkOverflow(), &SetWithHints(), &LeaveHints(),  &OpenHints(),
                               &ReassertNote(), &SetIfNewer(),   &ForgetScript()};
    const bool plain_write =
        script == nullptr && (command.wire().find("HSET") != std::string::npos ||
                              command.wire().find("HDEL") != std::string::npos ||
                              command.wire().find("$3\r\nSET") != std::string::npos);
    if (!plain_write && std::ranges::find(writes, script) == writes.end()) return std::nullopt;
    return redis::Reply::Error(kNoReplicas);
  });
}

TEST(RefusedHintsOverTime, HintsThatMayNotBeTakenMakeItAFullComparison) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  for (size_t node = 0; node < 3; ++node) DenyHints(cluster.node(node));
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_GT(ScansOf(cluster), scans);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
}

TEST(RefusedHintsOverTime, ANodeThatRefusesWritesHoldsUpNoOther) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.Kill(1);
  cluster.Pass(kMoment);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.coordinator(1).Write({"another", "value"});
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  RefuseWrites(cluster.node(2));
  cluster.Return(1);
  cluster.Pass(absl::Seconds(10));
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
  EXPECT_EQ(ValueOn(cluster, 1, "another"), "value");
  for (size_t i = 0; i < 2; ++i) {  // by both, though the note of the other still stands on c
    EXPECT_EQ(cluster.coordinator(i).Status(1).state, NodeState::kUp)
        << i << cluster.coordinator(i).Status(1).reason;
  }
  EXPECT_EQ(ScansOf(cluster), scans);
  cluster.node(2).Refuse(nullptr);
  cluster.Pass(absl::Seconds(10));
  EXPECT_TRUE(cluster.AllUp());
  EXPECT_TRUE(cluster.node(2).hash(cluster.node(2).keys().Missed()).empty());
}

// A write of a later number is not seen to by what was drained before.
TEST(RefusedHintsOverTime, AMissAfterTheDrainCounts) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  cluster.coordinator(1).Miss(1);
  cluster.Pass(absl::Seconds(5));
  ASSERT_TRUE(cluster.AllUp());
  PlayedNode& holder = cluster.node(2);
  holder.SetHash(holder.keys().Missed(), MissedField("b", cluster.coordinator(1).id()),
                 "1000 " + std::to_string(holder.NowMs()));
  cluster.Pass(absl::Seconds(3));
  EXPECT_EQ(cluster.coordinator(0).Status(1).state, NodeState::kSyncing);
}

// All others are gone for good, and nobody can be told.
TEST(RefusedHintsOverTime, ALostHintKeepsNobodyFromEndingNorIsItForgotten) {
  PlayedCluster cluster(3, 2);
  cluster.Pass(kMoment);
  const size_t scans = ScansOf(cluster);
  cluster.Stall(1);
  cluster.coordinator(0).Write({"key", "value"});
  cluster.Pass(absl::Milliseconds(100));
  for (const size_t node : {0, 2, 1}) cluster.Cut(0, node);
  cluster.Pass(absl::Seconds(10));
  EXPECT_EQ(cluster.coordinator(0).running_writes(), 0u);
  EXPECT_EQ(cluster.coordinator(0).Status(1).hints_lost, 1u);
  cluster.Mend(0, 0);
  cluster.Pass(absl::Milliseconds(500));
  const std::string self = CoordinatorText(cluster.coordinator(0).id());
  cluster.coordinator(0).SayGoodbye();  // It says none: the others are to find it gone.
  cluster.End(0);
  EXPECT_TRUE(cluster.node(0).hash(cluster.node(0).keys().Heartbeats()).contains(self));
  cluster.GoOn(1);
  cluster.Pass(absl::Seconds(30));
  EXPECT_EQ(cluster.coordinator(1).Status(1).state, NodeState::kUp);
  EXPECT_EQ(ValueOn(cluster, 1, "key"), "value");
  EXPECT_GT(ScansOf(cluster), scans);
}

}  // namespace
}  // namespace kache
