// What a page says of its records.
#include "server/recovery/page_entry.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

constexpr Version kOld{10, 1};
constexpr Version kNew{20, 1};

PageEntry Entry(const Version& version, bool stand_in = false) {
  PageEntry entry;
  entry.version = version;
  entry.stand_in = stand_in;
  return entry;
}

TEST(PageEntry, IsLackedWhereNothingOrAnOlderVersionIsHeld) {
  EXPECT_TRUE(Lacks({}, Entry(kOld)));
  EXPECT_TRUE(Lacks({kOld, false}, Entry(kNew)));
  EXPECT_FALSE(Lacks({kNew, false}, Entry(kNew)));
  EXPECT_FALSE(Lacks({kNew, true}, Entry(kOld)));
}

// A stand-in's copy would end too soon.
TEST(PageEntry, IsLackedWhereTheSameVersionIsAStandIns) {
  EXPECT_TRUE(Lacks({kNew, true}, Entry(kNew)));
  EXPECT_TRUE(Lacks({kNew, true}, Entry(kNew, /*stand_in=*/true)));
  EXPECT_FALSE(Lacks({kNew, false}, Entry(kNew, /*stand_in=*/true)));
}

// A second's difference is measured, not meant.
TEST(PageEntry, IsAStandInsWhereItsKeyEndsBeforeItsRecord) {
  struct Case {
    int64_t expires_at_ms;
    int64_t key_ends_ms;
    bool stand_in;
  };
  for (const Case& each : {Case{0, 0, false},
                           {0, 50'000, true},
                           {50'000, 0, false},
                           {50'000, 50'000, false},
                           {50'000, 90'000, false},
                           {50'000, 49'000, false},
                           {50'000, 48'999, true}}) {
    PageEntry entry = Entry(kNew);
    entry.expires_at_ms = each.expires_at_ms;
    entry.record = "whole";
    RecognizeStandIn(entry, each.key_ends_ms);
    EXPECT_EQ(entry.stand_in, each.stand_in) << each.expires_at_ms << " " << each.key_ends_ms;
    EXPECT_EQ(entry.record.empty(), each.stand_in);
  }
}

TEST(PageEntry, OfALaterFormatIsNotGuessedAt) {
  PageEntry entry = Entry(kNew);
  entry.newer_format = true;
  RecognizeStandIn(entry, 50'000);
  EXPECT_FALSE(entry.stand_in);
}

}  // namespace
}  // namespace kache
