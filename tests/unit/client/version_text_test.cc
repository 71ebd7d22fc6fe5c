#include "client/version_text.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

v1::Version Make(uint64_t timestamp, uint64_t coordinator) {
  v1::Version version;
  version.set_timestamp(timestamp);
  version.set_clock(coordinator);
  return version;
}

TEST(VersionText, ReadsWhatItWrites) {
  const std::string text = VersionText(Make(0x1234, ~uint64_t{0}));
  EXPECT_EQ(text, "0000000000001234-ffffffffffffffff");
  v1::Version version;
  ASSERT_TRUE(ParseVersionText(text, &version));
  EXPECT_EQ(version.timestamp(), 0x1234u);
  EXPECT_EQ(version.clock(), ~uint64_t{0});
}

TEST(VersionText, RefusesAllElse) {
  v1::Version version = Make(1, 2);
  for (const char* text :
       {"", "-", "1-2", "0000000000001234_ffffffffffffffff", "000000000000123g-ffffffffffffffff",
        "0000000000001234-fffffffffffffffff", "+000000000001234-ffffffffffffffff",
        "0000000000001234-ffffffffffffffff "}) {
    EXPECT_FALSE(ParseVersionText(text, &version)) << text;
  }
  EXPECT_EQ(version.timestamp(), 1u);
}

TEST(VersionText, ComparesTimestampFirst) {
  EXPECT_TRUE(IsNewer(Make(2, 0), Make(1, 9)));
  EXPECT_TRUE(IsNewer(Make(1, 2), Make(1, 1)));
  EXPECT_FALSE(IsNewer(Make(1, 1), Make(1, 1)));
  EXPECT_FALSE(IsNewer(v1::Version(), Make(0, 1)));
}

}  // namespace
}  // namespace kache
