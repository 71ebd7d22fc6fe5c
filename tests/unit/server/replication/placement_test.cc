#include "server/replication/placement.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace kache {
namespace {

// One letter for each node: U up, S syncing, R syncing and refusing writes, D down.
NodeView ViewOf(char letter) {
  switch (letter) {
    case 'U':
      return {NodeState::kUp, true};
    case 'S':
      return {NodeState::kSyncing, true};
    case 'R':
      return {NodeState::kSyncing, false};
    default:
      return {};
  }
}

PreferenceList Walk(size_t nodes) {
  PreferenceList walk;
  for (size_t i = 0; i < nodes; ++i) walk.push_back(NodeId(static_cast<uint16_t>(i)));
  return walk;
}

ReadMode ModeOf(std::string_view homes) {
  return ChooseReadMode(Walk(homes.size()),
                        [&](NodeId node) { return ViewOf(homes[node.index()]); });
}

TEST(ChooseReadMode, FollowsTheStatesOfTheHomeReplicas) {
  struct Case {
    std::string_view homes;
    ReadMode mode;
  };
  for (const Case& each : {
           Case{"UUU", ReadMode::kOneAfterAnother},
           Case{"DDU", ReadMode::kOneAfterAnother},
           Case{"SRU", ReadMode::kOneAfterAnother},
           Case{"U", ReadMode::kOneAfterAnother},
           Case{"DSD", ReadMode::kNewestOfAll},
           Case{"DDR", ReadMode::kNewestOfAll},
           Case{"SSS", ReadMode::kNewestOfAll},
           Case{"DDD", ReadMode::kStandIns},
           Case{"D", ReadMode::kStandIns},
       }) {
    EXPECT_EQ(ModeOf(each.homes), each.mode) << each.homes;
  }
}

TEST(NextUp, FindsTheNearestFromAPosition) {
  const std::string_view states = "DUSRU";
  const auto views = [&](NodeId node) { return ViewOf(states[node.index()]); };
  const PreferenceList walk = Walk(5);
  EXPECT_EQ(NextUp(walk, 0, views), 1u);
  EXPECT_EQ(NextUp(walk, 1, views), 1u);
  EXPECT_EQ(NextUp(walk, 2, views), 4u);
  EXPECT_EQ(NextUp(walk, 5, views), std::nullopt);
  EXPECT_EQ(NextUp(absl::MakeConstSpan(walk).subspan(2, 2), 0, views), std::nullopt);
}

// The plan as a string: the targets' numbers, stand-ins in parentheses, '*' after the primary, '!'
// when degraded.
std::string PlanOf(std::string_view states, size_t homes) {
  bool walked = false;
  PreferenceList walk;
  const auto whole_walk = [&]() -> const PreferenceList& {
    walked = true;
    return walk = Walk(states.size());
  };
  const WritePlan plan =
      PlanWrite(Walk(homes), whole_walk, [&](NodeId node) { return ViewOf(states[node.index()]); });
  EXPECT_EQ(walked, plan.degraded) << "the whole walk is for missing home replicas only";
  std::string text;
  for (size_t i = 0; i < plan.targets.size(); ++i) {
    const std::string number = std::to_string(plan.targets[i].node.index());
    text += plan.targets[i].home ? number : "(" + number + ")";
    if (plan.primary == i) text += '*';
  }
  return plan.degraded ? text + "!" : text;
}

TEST(PlanWrite, NamesTheTargets) {
  struct Case {
    std::string_view states;
    size_t homes;
    std::string plan;
  };
  for (const Case& each : {
           // All home replicas, the first UP one answers.
           Case{"UUUUU", 3, "0*12"},
           Case{"SUUUU", 3, "01*2"},
           Case{"SSSUU", 3, "012"},
           // A stand-in for each one that takes no writes.
           Case{"DUUUU", 3, "1*2(3)!"},
           Case{"UDDUU", 3, "0*(3)(4)!"},
           Case{"RUUUU", 3, "1*2(3)!"},
           Case{"DDDUU", 3, "(3)(4)!"},
           Case{"SDUUU", 3, "02*(3)!"},
           // Only UP nodes stand in.
           Case{"DUUSRDU", 3, "1*2(6)!"},
           Case{"DUUSR", 3, "1*2!"},
           Case{"DDUDU", 3, "2*(4)!"},
           // Nobody takes writes: those that refuse are tried all the same.
           Case{"RRD", 3, "01!"},
           Case{"RDDDD", 3, "0!"},
           Case{"RDDUU", 3, "(3)(4)!"},
           // Nobody at all.
           Case{"DDDDD", 3, "!"},
           Case{"DDDSR", 3, "!"},
           // One copy, one server.
           Case{"U", 1, "0*"},
           Case{"D", 1, "!"},
           Case{"S", 1, "0"},
           Case{"R", 1, "0!"},
           Case{"DUU", 1, "(1)!"},
       }) {
    EXPECT_EQ(PlanOf(each.states, each.homes), each.plan) << each.states;
  }
}

}  // namespace
}  // namespace kache
