#include "gateway/handlers/stamp.h"

#include <gtest/gtest.h>

#include <string>

namespace kache::gateway {
namespace {

constexpr char kStamp[] = "0190a1b2c3d40007-5e4f3a2b1c0d";

TEST(StampText, IsAVersionWithoutTheHashOfTheContent) {
  v1::Stamp stamp;
  ASSERT_TRUE(ParseStampText(kStamp, &stamp));
  EXPECT_EQ(stamp.timestamp(), 0x0190a1b2c3d40007u);
  EXPECT_EQ(stamp.clock(), 0x5e4f3a2b1c0d0000u);
  EXPECT_EQ(stamp.made_at_unix_ms(), 0);
  EXPECT_FALSE(stamp.has_above());
  ASSERT_TRUE(ParseStampText("0190A1B2C3D40007-5E4F3A2B1C0D", &stamp));
  EXPECT_EQ(stamp.clock(), 0x5e4f3a2b1c0d0000u);
}

TEST(StampText, TakesParametersInAnyOrder) {
  const std::string made_at = "made-at=281474976710655";
  const std::string above = "above=ffffffffffffffff-ffffffffffffffff";
  for (const std::string& parameters : {";" + made_at + ";" + above, ";" + above + ";" + made_at,
                                        " ; " + made_at + " ;\t" + above}) {
    v1::Stamp stamp;
    ASSERT_TRUE(ParseStampText(kStamp + parameters, &stamp)) << parameters;
    EXPECT_EQ(stamp.made_at_unix_ms(), (int64_t{1} << 48) - 1);
    EXPECT_EQ(stamp.above().timestamp(), ~uint64_t{0});
    EXPECT_EQ(stamp.above().clock(), ~uint64_t{0});
  }
}

TEST(StampText, ReplacesWhatWasThere) {
  v1::Stamp stamp;
  stamp.mutable_above()->set_clock(1);
  ASSERT_TRUE(ParseStampText(kStamp, &stamp));
  EXPECT_FALSE(stamp.has_above());
}

TEST(StampText, RefusesAllElse) {
  v1::Stamp stamp;
  stamp.set_timestamp(7);
  for (const char* text : {"", "-", "0190a1b2c3d40007", "0190a1b2c3d40007-",
                           "0190a1b2c3d40007-000000000000",  // no clock
                           "0190a1b2c3d40007-5e4f3a2b1c0d9e8f", "0190a1b2c3d40007-5e4f3a2b1c0",
                           "190a1b2c3d40007-5e4f3a2b1c0d", "0190a1b2c3d40007_5e4f3a2b1c0d",
                           "0190a1b2c3d4000g-5e4f3a2b1c0d", "0x90a1b2c3d40007-5e4f3a2b1c0d",
                           "\"0190a1b2c3d40007-5e4f3a2b1c0d\"", "0190a1b2c3d40007 -5e4f3a2b1c0d"}) {
    EXPECT_FALSE(ParseStampText(text, &stamp)) << text;
  }
  for (const char* parameters :
       {";", ";;made-at=1", ";made-at=1;", ";made-at", ";made-at=", ";made-at=0", ";made-at=-1",
        ";made-at=+1", ";made-at=1.0", ";made-at=281474976710656", ";made-at= 1", ";Made-At=1",
        ";made-at=1;made-at=1", ";above=", ";above=0190a1b2c3d40007-5e4f3a2b1c0d",
        ";above=0000000000000001-0000000000000001;above=0000000000000001-0000000000000001",
        ";below=0000000000000001-0000000000000001", ",made-at=1", "made-at=1"}) {
    EXPECT_FALSE(ParseStampText(std::string(kStamp) + parameters, &stamp)) << parameters;
  }
  EXPECT_EQ(stamp.timestamp(), 7u);
}

TEST(StampText, FitsIntoItsLimit) {
  const std::string longest = std::string(kStamp) +
                              " ; made-at=281474976710655 ; "
                              "above=ffffffffffffffff-ffffffffffffffff";
  EXPECT_LE(longest.size(), kMaxStampBytes);
}

}  // namespace
}  // namespace kache::gateway
