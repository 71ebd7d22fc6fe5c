// What fences say of a node's memory, by the scripts in a real redis-server.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "tests/testing/scripted_node.h"

namespace kache {
namespace {

constexpr uint64_t kRing = 0xAB;
constexpr uint64_t kOtherRing = 0xCD;
constexpr char kMe[] = "00000000000000c0";

class KeptMemoryScriptsTest : public ::testing::Test {
 protected:
  const KeySpace& keys() { return node_.keys(); }
  void Init() {
    node_.Call(InitScript(), {keys().Marker(), keys().Ring(), keys().Sweep()},
               {RingText(kRing), "cache-a", "the ring"});
  }
  void Fence(const char* mode, uint64_t ring = kRing, const char* name = "cache-a",
             const char* memory = "kept") {
    node_.Call(FenceScript(),
               {keys().Marker(), keys().Ring(), keys().Coordinators(), keys().Heartbeats(),
                keys().ResyncProgress()},
               {RingText(ring), name, "the ring", mode, "0", "0", memory});
  }
  void Lift() {
    node_.Call(LeaseScript(), {keys().ResyncLease()}, {kMe, "10000"});
    const redis::Reply lifted =
        node_.Call(LiftScript(), {keys().Marker(), keys().ResyncLease(), keys().ResyncProgress()},
                   {node_.RunId(), FenceText(node_.marker().fence), kMe, "1800000"});
    ASSERT_EQ(lifted.integer, 1);
  }
  bool KeptMemory() {
    return node_.Run({"HGET", keys().ResyncProgress(), "kept"}).text ==
           FenceText(node_.marker().fence);
  }

  testing::ScriptedNode node_;
};

TEST_F(KeptMemoryScriptsTest, AFenceSaysWhetherTheProcessKeptItsMemory) {
  Init();
  Fence("always");
  EXPECT_TRUE(KeptMemory());
  Fence("always");  // It missed further writes.
  EXPECT_TRUE(KeptMemory());
  Lift();
  EXPECT_FALSE(KeptMemory());
  Fence("always");
  EXPECT_TRUE(KeptMemory());
  node_.Run({"SAVE"});
  node_.server().Restart();
  Fence("if_wrong");
  EXPECT_FALSE(KeptMemory());
  Fence("always");  // A fence gives no memory back.
  EXPECT_FALSE(KeptMemory());
}

TEST_F(KeptMemoryScriptsTest, AFenceOfAnotherRingOrNameKeepsNoMemory) {
  Init();
  Fence("if_wrong", kOtherRing);
  EXPECT_FALSE(KeptMemory());
  node_.Run({"DEL", keys().Marker()});
  Init();
  Fence("if_wrong", kRing, "cache-z");
  EXPECT_FALSE(KeptMemory());
  node_.Run({"DEL", keys().Marker()});
  Fence("if_wrong");
  EXPECT_FALSE(KeptMemory());
}

TEST_F(KeptMemoryScriptsTest, AFenceMaySayThatTheMemoryIsLost) {
  Init();
  Fence("always", kRing, "cache-a", "lost");
  EXPECT_FALSE(KeptMemory());
  Fence("always");
  EXPECT_FALSE(KeptMemory());
}

// The release before reads a marker of nine fields.
TEST_F(KeptMemoryScriptsTest, ThatIsNotSaidInTheMarker) {
  Init();
  Fence("always");
  const std::vector<std::string> fields = absl::StrSplit(node_.Get(keys().Marker()), ' ');
  EXPECT_EQ(fields.size(), 9u);
}

}  // namespace
}  // namespace kache
