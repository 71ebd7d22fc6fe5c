#include "server/bookkeeping/ring_id.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr uint64_t kFingerprint = 0xFEDCBA9876543210;

TEST(RingId, OfTheFirstGenerationIsTheFingerprint) {
  EXPECT_EQ(RingId(kFingerprint, 0), kFingerprint);
}

TEST(RingId, TellsItsGeneration) {
  for (const uint64_t generation :
       {uint64_t{0}, uint64_t{1}, uint64_t{1'900'000'000}, kGenerations - 1}) {
    EXPECT_EQ(GenerationOf(RingId(kFingerprint, generation), kFingerprint), generation);
  }
}

TEST(RingId, OfAnotherRingIsNone) {
  EXPECT_FALSE(GenerationOf(RingId(kFingerprint + 1, 0), kFingerprint).has_value());
  EXPECT_FALSE(GenerationOf(RingId(0x1234, 1'900'000'000), kFingerprint).has_value());
  EXPECT_FALSE(GenerationOf(RingId(kFingerprint, kGenerations), kFingerprint).has_value());
}

TEST(RingId, IsWrittenInSixteenDigits) { EXPECT_EQ(RingText(0xFF), "00000000000000ff"); }

}  // namespace
}  // namespace kache
