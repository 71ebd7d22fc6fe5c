#include "ring/ring_report.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kache {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr uint64_t kQuarter = uint64_t{1} << 62;

// Four equal arcs: a, b, c and a again.
HashRing Quarters() {
  return HashRing::AtTokens(
      {"a", "b", "c"}, {{0, 3 * kQuarter}, {kQuarter, kQuarter}, {2 * kQuarter, 2 * kQuarter}});
}

TEST(RingReport, MeasuresFirstOwners) {
  const LoadReport load = MeasureLoad(Quarters(), 1);
  EXPECT_THAT(load.shares, ElementsAre(0.5, 0.25, 0.25));
  EXPECT_DOUBLE_EQ(load.ideal, 1.0 / 3);
  EXPECT_DOUBLE_EQ(load.min, 0.75);
  EXPECT_DOUBLE_EQ(load.max, 1.5);
  EXPECT_NEAR(load.stddev, 0.353553, 1e-6);
}

// Lists of two, arc by arc: ab, bc, ca, ab (the walk from 3/4 passes a at 0).
TEST(RingReport, MeasuresPreferenceLists) {
  EXPECT_THAT(MeasureLoad(Quarters(), 2).shares, ElementsAre(0.375, 0.375, 0.25));
}

// The lists of the quarters are ab, bc, ca and ab.
TEST(RingReport, MeasuresWhatOnlyTheseNodesHold) {
  const auto share = [](size_t copies, const std::vector<bool>& nodes) {
    return ShareHeldOnlyBy(Quarters(), copies, nodes);
  };
  EXPECT_EQ(share(2, {true, true, false}), 0.5);
  EXPECT_EQ(share(2, {false, true, true}), 0.25);
  EXPECT_EQ(share(2, {true, false, true}), 0.25);
  EXPECT_EQ(share(2, {true, false, false}), 0);
  EXPECT_EQ(share(1, {true, false, false}), 0.5);
  EXPECT_EQ(share(3, {true, true, false}), 0);
  EXPECT_EQ(share(3, {true, true, true}), 1);
  EXPECT_EQ(share(9, {true, true, true}), 1);  // more copies than nodes
  EXPECT_EQ(ShareHeldOnlyBy(HashRing({"alone"}, 1), 3, {true}), 1);
  EXPECT_EQ(ShareHeldOnlyBy(HashRing({"alone"}, 1), 3, {false}), 0);
}

TEST(RingReport, IsEvenWhenEveryNodeHoldsEverything) {
  const LoadReport load = MeasureLoad(HashRing({"a", "b", "c"}, 10), 5);
  EXPECT_NEAR(load.min, 1.0, 1e-9);
  EXPECT_NEAR(load.max, 1.0, 1e-9);
  EXPECT_NEAR(load.stddev, 0.0, 1e-9);
}

TEST(RingReport, AgreesWithTheRingsOwnShares) {
  const HashRing ring({"a", "b", "c", "d"}, 100);
  const LoadReport load = MeasureLoad(ring, 1);
  for (uint16_t n = 0; n < 4; ++n) {
    EXPECT_THAT(load.shares[n], DoubleNear(ring.Share(NodeId(n)), 1e-12));
  }
}

TEST(RingReport, NothingMovesBetweenEqualRings) {
  const MoveReport move = MeasureMove(HashRing({"a", "b"}, 50), HashRing({"b", "a"}, 50), 2);
  EXPECT_EQ(move.first_owners, 0.0);
  EXPECT_EQ(move.lists, 0.0);
  EXPECT_EQ(move.copies, 0.0);
}

// c takes the quarter before it from a; lists of two change wherever c enters.
TEST(RingReport, MeasuresWhatMoves) {
  const HashRing before = HashRing::AtTokens({"a", "b"}, {{0}, {2 * kQuarter}});
  const HashRing after = HashRing::AtTokens({"a", "b", "c"}, {{0}, {2 * kQuarter}, {3 * kQuarter}});
  const MoveReport move = MeasureMove(before, after, 2);
  EXPECT_DOUBLE_EQ(move.first_owners, 0.25);
  EXPECT_DOUBLE_EQ(move.lists, 0.75);    // bc instead of ba in two quarters, ca for ab in one
  EXPECT_DOUBLE_EQ(move.copies, 0.375);  // one of two copies in each of these
}

TEST(RingReport, MeasuresAllMovingToOtherServers) {
  const MoveReport move = MeasureMove(HashRing({"a", "b"}, 10), HashRing({"c", "d"}, 10), 2);
  EXPECT_NEAR(move.first_owners, 1.0, 1e-9);
  EXPECT_NEAR(move.copies, 1.0, 1e-9);
}

TEST(RingReport, RendersEveryNodeAndTheWhole) {
  const HashRing ring = Quarters();
  EXPECT_EQ(RenderLoad(ring, MeasureLoad(ring, 1)),
            "node    share  of ideal\n"
            "a      50.00%     1.500\n"
            "b      25.00%     0.750\n"
            "c      25.00%     0.750\n"
            "of ideal: min 0.750  max 1.500  stddev 0.354\n");
}

TEST(RingReport, RendersAMove) {
  EXPECT_EQ(RenderMove({.first_owners = 0.25, .lists = 0.5, .copies = 0.125}),
            "moved: first owners 25.00%  lists 50.00%  copies 12.50%\n");
}

}  // namespace
}  // namespace kache
