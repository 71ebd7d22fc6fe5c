#include "server/recovery/ring_in_force.h"

#include <gtest/gtest.h>

#include <memory>

#include "server/bookkeeping/ring_id.h"

namespace kache {
namespace {

constexpr uint64_t kOurs = 0xABC;
constexpr uint64_t kBefore = 0xDEF;
constexpr size_t kNodes = 4;

class RingInForceTest : public ::testing::Test {
 protected:
  void Accept(RingChange change = {kBefore, kOurs}) {
    ring_ = std::make_unique<RingInForce>(kOurs, kNodes, change);
  }
  void Carries(size_t node, uint64_t ring) {
    auto inspection = std::make_shared<Inspection>();
    inspection->marker = Marker{.whole = true,
                                .ring = ring,
                                .run_id = "run",
                                .name = "a",
                                .fence = {},
                                .since_ms = 1,
                                .away_ms = 0,
                                .from_all = false,
                                .came_empty = false};
    inspections_[node] = inspection;
    ring_->OnInspection(node, *inspection);
  }
  void Decide() { ring_->OnAllInspected(inspections_, now_); }
  uint64_t Generation() const { return *GenerationOf(ring_->id(), kOurs); }

  std::unique_ptr<RingInForce> ring_ = std::make_unique<RingInForce>(kOurs, kNodes, std::nullopt);
  std::vector<std::shared_ptr<const Inspection>> inspections_{kNodes};
  const absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
};

TEST_F(RingInForceTest, IsTheHighestGenerationThatWasSeen) {
  EXPECT_EQ(ring_->id(), kOurs);
  EXPECT_FALSE(ring_->seen_marker());
  Carries(0, RingId(kOurs, 7));
  Carries(1, RingId(kOurs, 3));
  Carries(2, kBefore);
  EXPECT_EQ(Generation(), 7u);
  EXPECT_TRUE(ring_->seen_marker());
}

TEST_F(RingInForceTest, AnotherRingsMarkerIsNoneOfThisOne) {
  Carries(0, kBefore);
  EXPECT_FALSE(ring_->seen_marker());
}

TEST_F(RingInForceTest, BeginsAGenerationWhereItTakesOverAnothersData) {
  Accept();
  for (size_t i = 0; i < kNodes; ++i) Carries(i, kBefore);
  EXPECT_TRUE(ring_->Accepts(0, *inspections_[0]));
  Decide();
  EXPECT_EQ(Generation(), 1'900'000'000u);
  Decide();  // once
  EXPECT_EQ(Generation(), 1'900'000'000u);
}

TEST_F(RingInForceTest, BeginsAboveAllThatWasSeen) {
  Accept();
  Carries(0, RingId(kOurs, 2'000'000'000));
  for (size_t i = 1; i < kNodes; ++i) Carries(i, kBefore);
  Decide();
  EXPECT_EQ(Generation(), 2'000'000'001u);
}

// Such as a node that was away while the others changed.
TEST_F(RingInForceTest, BeginsNoneForALateComer) {
  Accept();
  for (size_t i = 0; i + 1 < kNodes; ++i) Carries(i, RingId(kOurs, 7));
  Carries(3, kBefore);
  Decide();
  EXPECT_EQ(Generation(), 7u);
  EXPECT_TRUE(ring_->Accepts(3, *inspections_[3]));
}

TEST_F(RingInForceTest, AcceptsANodeOnce) {
  Accept();
  Carries(0, kBefore);
  EXPECT_TRUE(ring_->Accepts(0, *inspections_[0]));
  Carries(0, kOurs);
  Carries(0, kBefore);  // Somebody changed it back.
  EXPECT_FALSE(ring_->Accepts(0, *inspections_[0]));
}

TEST_F(RingInForceTest, AcceptsNothingForASettingOfAnotherRing) {
  Accept({kBefore, kOurs + 1});
  Carries(0, kBefore);
  EXPECT_FALSE(ring_->Accepts(0, *inspections_[0]));
  Decide();
  EXPECT_EQ(ring_->id(), kOurs);
}

// A setting that was left in place, when the data came back to the ring that it leads from: that
// one is in another generation now.
TEST_F(RingInForceTest, AcceptsNoOtherGenerationOfTheRingThatItComesFrom) {
  Accept();
  Carries(0, RingId(kBefore, 1'900'000'100));
  EXPECT_FALSE(ring_->Accepts(0, *inspections_[0]));
}

}  // namespace
}  // namespace kache
