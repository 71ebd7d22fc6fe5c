#include "ring/ring_change.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(RingChange, NamesTheRingsOnBothSides) {
  const auto change = ParseRingChange("00000000000000ff:ABCDEF0123456789");
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->from, 0xFFu);
  EXPECT_EQ(change->to, 0xABCDEF0123456789u);
  EXPECT_EQ(RingChangeText(*change), "00000000000000ff:abcdef0123456789");
}

TEST(RingChange, RefusesWhatNamesNoChange) {
  for (const char* text :
       {"", "true", "00000000000000ff", "00000000000000ff:", ":00000000000000ff", "ff:ee",
        "00000000000000ff:00000000000000fg", "00000000000000ff-00000000000000ee",
        "00000000000000ff:00000000000000ee ", "0x000000000000ff:00000000000000ee",
        "00000000000000ff:00000000000000ff", "00000000000000f::00000000000000ee"}) {
    EXPECT_FALSE(ParseRingChange(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace kache
