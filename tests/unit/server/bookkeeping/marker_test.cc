#include "server/bookkeeping/marker.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kText[] = "kache1 syncing 00000000000000ff run-1 cache-a 12 1000 900 all";

TEST(Marker, IsParsed) {
  const auto marker = ParseMarker(kText);
  ASSERT_TRUE(marker.has_value());
  EXPECT_FALSE(marker->whole);
  EXPECT_EQ(marker->ring, 0xFFu);
  EXPECT_EQ(marker->run_id, "run-1");
  EXPECT_EQ(marker->name, "cache-a");
  EXPECT_EQ(marker->fence, FenceNumber{12});
  EXPECT_EQ(marker->since_ms, 1000);
  EXPECT_EQ(marker->away_ms, 900);
  EXPECT_TRUE(marker->from_all);
  EXPECT_FALSE(marker->came_empty);
}

TEST(Marker, TellsOfAMemoryThatCameEmpty) {
  const auto marker = ParseMarker("kache1 syncing 00000000000000ff run-1 cache-a 12 1000 0 empty");
  ASSERT_TRUE(marker.has_value());
  EXPECT_TRUE(marker->came_empty);
  EXPECT_FALSE(marker->from_all);
}

TEST(Marker, TellsOfAMemoryThatWasKept) {
  const std::string text = "kache1 syncing 00000000000000ff run-1 cache-a 12 1000 900 arcs";
  EXPECT_TRUE(ParseMarker(text + " kept")->kept_memory);
  EXPECT_TRUE(ParseMarker(text + " kept and more")->kept_memory);
  EXPECT_FALSE(ParseMarker(text)->kept_memory);  // as the release before writes it
  EXPECT_FALSE(ParseMarker(text + " more kept")->kept_memory);
}

TEST(Marker, RefusesWhatIsNone) {
  const std::string text = kText;
  EXPECT_FALSE(ParseMarker("").has_value());
  EXPECT_FALSE(ParseMarker("kache2" + text.substr(6)).has_value());
  EXPECT_FALSE(ParseMarker(text.substr(0, text.rfind(' '))).has_value());
  EXPECT_FALSE(ParseMarker("kache1 done 00ff run-1 cache-a 12 1000 900 all").has_value());
  EXPECT_FALSE(ParseMarker("kache1 whole xyz run-1 cache-a 12 1000 900 all").has_value());
  EXPECT_FALSE(ParseMarker("kache1 whole 00ff run-1 cache-a twelve 1000 900 all").has_value());
  EXPECT_FALSE(ParseMarker("kache1 whole  run-1 cache-a 12 1000 900 all x").has_value());
}

TEST(Marker, MaySayMoreInALaterRelease) {
  EXPECT_TRUE(ParseMarker(std::string(kText) + " more").has_value());
}

TEST(Marker, OfAWholeNodeTellsSinceWhenItCanBeTrusted) {
  const std::string whole = "kache1 whole 00000000000000ff run-1 cache-a 12 1000 ";
  EXPECT_EQ(ParseMarker(whole + "0 arcs")->TrustedSinceMs(), 1000);
  EXPECT_EQ(ParseMarker(whole + "400 arcs")->TrustedSinceMs(), 400);
}

TEST(Marker, OfAWholeNodeBeginsAsQuorumReadsExpect) {
  EXPECT_EQ(WholeMarker(0xFF, "run-1", "cache-a"), "kache1 whole 00000000000000ff run-1 cache-a ");
}

}  // namespace
}  // namespace kache
