// What fences say of a node's memory, by the scripts in a real redis-server.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/inspection.h"
#include "server/bookkeeping/ring_id.h"
#include "server/replication/scripts.h"
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

  // What a read is told of the node.
  int64_t Memory(int64_t longest_ms = 60'000) {
    const redis::Reply read =
        node_.Call(ReadWithMemory(), {keys().Data("k"), keys().Marker(), keys().ResyncProgress()},
                   {WholeMarker(kRing, node_.RunId(), "cache-a"), std::to_string(longest_ms)});
    return read.elements.at(2).integer;
  }

  testing::ScriptedNode node_;
};

TEST_F(KeptMemoryScriptsTest, AReadIsToldWhetherTheNodeIsWholeOrBehind) {
  EXPECT_EQ(Memory(), 0);
  Init();
  EXPECT_EQ(Memory(), kIsWhole);
  Fence("always");
  EXPECT_EQ(Memory(), kIsBehind);
  Fence("always");
  EXPECT_EQ(Memory(), kIsBehind);
  EXPECT_EQ(Memory(/*longest_ms=*/-1), 0);  // It has lacked writes for longer.
  Lift();
  EXPECT_EQ(Memory(), kIsWhole);
  Fence("always", kRing, "cache-a", "lost");
  EXPECT_EQ(Memory(), 0);
  Lift();
  Fence("if_wrong", kRing, "cache-z");
  EXPECT_EQ(Memory(), 0);
  node_.Run({"FLUSHALL"});
  EXPECT_EQ(Memory(), 0);
}

TEST_F(KeptMemoryScriptsTest, AReadOfANodeThatWasRestartedIsTold) {
  Init();
  Fence("always");
  node_.Run({"SAVE"});
  node_.server().Restart();
  EXPECT_EQ(Memory(), 0);
  Fence("if_wrong");
  EXPECT_EQ(Memory(), 0);
}

TEST_F(KeptMemoryScriptsTest, AReadGivesTheRecordAndItsEndOfAFencedNodeToo) {
  Init();
  Fence("always");
  const std::string ends = std::to_string(node_.NowMs() + 60'000);
  node_.Run({"SET", keys().Data("k"), "record", "PXAT", ends});
  const redis::Reply read =
      node_.Call(ReadWithMemory(), {keys().Data("k"), keys().Marker(), keys().ResyncProgress()},
                 {WholeMarker(kRing, node_.RunId(), "cache-a"), "60000"});
  EXPECT_EQ(read.elements.at(0).text, "record");
  EXPECT_EQ(read.elements.at(1).text, ends);
  EXPECT_EQ(read.elements.at(2).integer, kIsBehind);
}

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
