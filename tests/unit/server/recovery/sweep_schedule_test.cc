#include "server/recovery/sweep_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace kache {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(600);
constexpr int64_t kNowMs = 10'000'000;

NodeId Id(size_t index) { return NodeId(static_cast<uint16_t>(index)); }

std::optional<NodeId> Next(const std::vector<SweepCandidate>& candidates) {
  return NextSweep(candidates, kInterval);
}

TEST(NextSweep, IsNoneBeforeTheIntervalIsOver) {
  EXPECT_EQ(Next({}), std::nullopt);
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 599'000, 0}}), std::nullopt);
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 600'000, 0}}), Id(0));
}

TEST(NextSweep, IsOfTheNodeThatWasSweptLongestAgo) {
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 700'000, 0},
                  {Id(1), kNowMs, kNowMs - 900'000, 0},
                  {Id(2), kNowMs, kNowMs - 800'000, 0}}),
            Id(1));
}

TEST(NextSweep, TakesDemandsByTheirAge) {
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 1000, kNowMs - 10},
                  {Id(1), kNowMs, kNowMs - 1000, kNowMs - 20}}),
            Id(1));
  // Before those that have been due for a shorter time, after those for a longer one.
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 600'015, 0}, {Id(1), kNowMs, 1, kNowMs - 20}}), Id(1));
  EXPECT_EQ(
      Next({{Id(0), kNowMs, kNowMs - 600'025, 0}, {Id(1), kNowMs, kNowMs - 1000, kNowMs - 20}}),
      Id(0));
}

TEST(NextSweep, BeginsSoEarlyThatItEndsInTime) {
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 399'000, 0, 200'000}}), std::nullopt);
  EXPECT_EQ(Next({{Id(0), kNowMs, kNowMs - 400'000, 0, 200'000}}), Id(0));
}

TEST(SweepRate, BringsAllNodesThroughInHalfTheInterval) {
  // One coordinator for one node of a million keys: in 300 s.
  EXPECT_NEAR(SweepRate({1'000'000, 1, 1}, kInterval, 100, 1e9), 1e6 / 300, 1);
  // Each of two coordinators has four of eight nodes.
  EXPECT_NEAR(SweepRate({1'000'000, 8, 2}, kInterval, 100, 1e9), 4e6 / 300, 1);
  // More coordinators than nodes don't sweep one node together.
  EXPECT_NEAR(SweepRate({1'000'000, 2, 16}, kInterval, 100, 1e9), 1e6 / 300, 1);
}

TEST(SweepRate, StaysWithinItsBounds) {
  EXPECT_EQ(SweepRate({10, 1, 1}, kInterval, 5000, 100'000), 5000);
  EXPECT_EQ(SweepRate({1'000'000'000, 64, 1}, kInterval, 5000, 100'000), 100'000);
  EXPECT_EQ(SweepRate({1'000'000, 64, 1}, kInterval, 5000, 1000), 5000);
}

// 64 nodes and 16 coordinators, by the rules above and leases, one second after another: every node
// is swept within each interval, though each coordinator only sees what it inspected.
TEST(SweepSchedule, GivesEveryNodeOfALargeClusterItsTurn) {
  constexpr size_t kNodes = 64;
  constexpr size_t kCoordinators = 16;
  constexpr uint64_t kKeys = 1'000'000;
  struct Node {
    int64_t swept_ms = 0;
    std::optional<size_t> holder;
    int64_t done_ms = 0;
    int64_t oldest_ms = 0;  // age when it was swept again, at most
  };
  std::vector<Node> nodes(kNodes);
  int64_t now_ms = kNowMs;
  for (Node& node : nodes) node.swept_ms = now_ms;
  const SweepLoad load{kKeys, kNodes, kCoordinators};
  const double rate = SweepRate(load, kInterval, 5000, 1e9);
  const int64_t lead_ms = absl::ToInt64Milliseconds(SweepTime(load, rate));
  const auto sweep_ms = static_cast<int64_t>(1000 * kKeys / rate);
  std::vector<std::optional<size_t>> working(kCoordinators);
  for (int second = 0; second < 6 * 600; ++second, now_ms += 1000) {
    for (size_t c = 0; c < kCoordinators; ++c) {
      if (working[c] && nodes[*working[c]].done_ms <= now_ms) {
        Node& done = nodes[*working[c]];
        done.oldest_ms = std::max(done.oldest_ms, now_ms - done.swept_ms);
        done.swept_ms = now_ms;
        done.holder.reset();
        working[c].reset();
      }
      if (working[c]) continue;
      std::vector<SweepCandidate> candidates;
      for (size_t i = 0; i < kNodes; ++i) {
        if (nodes[i].holder) continue;
        candidates.push_back({Id(i), now_ms, nodes[i].swept_ms, 0, lead_ms});
      }
      const std::optional<NodeId> next = NextSweep(candidates, kInterval);
      if (!next) continue;
      working[c] = next->index();
      nodes[next->index()].holder = c;
      nodes[next->index()].done_ms = now_ms + sweep_ms;
    }
  }
  for (size_t i = 0; i < kNodes; ++i) {
    EXPECT_GT(nodes[i].oldest_ms, 0) << "never swept: " << i;
    EXPECT_LE(nodes[i].oldest_ms, 600'000 + 2000) << i;
  }
}

}  // namespace
}  // namespace kache
