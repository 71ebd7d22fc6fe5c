// What an inspection does and finds for a coordinator that was declared lost, on a real
// redis-server.
#include <gtest/gtest.h>

#include <optional>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

constexpr uint64_t kRing = 0xAB;
constexpr uint64_t kMe = 0xC0;
constexpr uint64_t kOther = 0xF0;

class LostCoordinatorTest : public ::testing::Test {
 protected:
  LostCoordinatorTest() {
    node_.Call(InitScript(), {keys().Marker(), keys().Ring(), keys().Sweep()},
               {RingText(kRing), "cache-a", "the ring"});
  }
  const KeySpace& keys() { return node_.keys(); }
  std::optional<Inspection> Inspect() {
    const HeartbeatNews news{absl::Seconds(3), FenceNumber{}, kRing, {{"run-a"}}, {}};
    const KeySpace& k = keys();
    return ParseInspection(node_.Call(
        InspectScript(),
        {k.Marker(), k.Ring(), k.Coordinators(), k.Missed(), k.ResyncLease(), k.ResyncProgress(),
         k.Lost(), k.SweepLease(), k.Sweep(), k.Members(), k.NotWhole(), k.Heartbeats(),
         k.LostCoordinators()},
        {CoordinatorText(kMe), "3000", "0", RingText(kRing), "", "200", HeartbeatText(news)}));
  }
  void DeclareLost(uint64_t coordinator, bool is_cut_off) {
    node_.Run({"HSET", keys().LostCoordinators(), CoordinatorText(coordinator),
               LostCoordinatorText({coordinator, 5, is_cut_off})});
  }
  testing::ScriptedNode node_;
};

TEST_F(LostCoordinatorTest, LeavesNoHeartbeat) {
  DeclareLost(kMe, /*is_cut_off=*/false);
  const auto inspection = Inspect();
  ASSERT_TRUE(inspection.has_value());
  EXPECT_TRUE(IsDeclaredLost(*inspection, kMe));
  EXPECT_FALSE(IsCutOff(*inspection, kMe));
  EXPECT_FALSE(node_.Exists(keys().Heartbeats()));
  EXPECT_FALSE(node_.Exists(keys().Coordinators()));
}

TEST_F(LostCoordinatorTest, ConcernsNobodyElse) {
  DeclareLost(kOther, /*is_cut_off=*/true);
  const auto inspection = Inspect();
  ASSERT_TRUE(inspection.has_value());
  EXPECT_FALSE(IsDeclaredLost(*inspection, kMe));
  EXPECT_TRUE(IsCutOff(*inspection, kOther));
  EXPECT_TRUE(node_.Exists(keys().Heartbeats()));
}

}  // namespace
}  // namespace kache
