#include "ring/node_id.h"

#include <string>

#include "gtest/gtest.h"
#include "ring/hash_ring.h"

namespace kache {
namespace {

// Fixed for ever: clients keep the ids, and coordinators of two releases must agree. The numbers
// come from placement_check.py, which shares nothing with this code.
TEST(WireNodeId, IsTheLowHalfOfTheNamesToken) {
  EXPECT_EQ(WireNodeId("cache-a"), 0x536db866u);
  EXPECT_EQ(WireNodeId("cache-b"), 0x2fdf5634u);
  EXPECT_EQ(WireNodeId("127.0.0.1:6379"), 0x554f40a0u);
}

TEST(WireNodeId, TwoNamesMayShareOne) {
  EXPECT_EQ(WireNodeId("cache-79249"), WireNodeId("cache-159211"));
}

TEST(WireNodeId, IsTheSameOnRingsOfAnyOrder) {
  const HashRing here({"cache-a", "cache-b", "cache-c"}, 10);
  const HashRing there({"cache-c", "cache-a", "cache-b"}, 10);
  EXPECT_EQ(here.WireId(NodeId(0)), WireNodeId("cache-a"));
  EXPECT_EQ(here.WireId(NodeId(0)), there.WireId(NodeId(1)));
  EXPECT_EQ(here.WireId(NodeId(2)), there.WireId(NodeId(0)));
}

TEST(WireNodeId, OfARingAtGivenTokensComesFromTheNameToo) {
  const HashRing ring = HashRing::AtTokens({"a", "b"}, {{100}, {200}});
  EXPECT_EQ(ring.WireId(NodeId(1)), WireNodeId("b"));
}

}  // namespace
}  // namespace kache
