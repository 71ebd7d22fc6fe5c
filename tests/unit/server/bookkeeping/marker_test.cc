#include "server/bookkeeping/marker.h"

#include <gtest/gtest.h>

#include "server/bookkeeping/instant.h"

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

TEST(Marker, IsNoNumberThatDoesNotFit) {
  const auto with = [](const char* ring, const char* numbers) {
    return ParseMarker(std::string("kache1 whole ") + ring + " run-1 cache-a " + numbers + " arcs");
  };
  const auto largest =
      with("ffffffffffffffff", "18446744073709551615 9007199254740992 9007199254740992");
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->ring, UINT64_MAX);
  EXPECT_EQ(largest->fence, FenceNumber{UINT64_MAX});
  EXPECT_EQ(largest->since_ms, kLatestInstantMs);
  EXPECT_FALSE(with("1ffffffffffffffff", "1 1 1"));
  for (const char* numbers :
       {"18446744073709551616 1 1", "-1 1 1", "1 9007199254740993 1", "1 1 9007199254740993",
        "1 9223372036854775808 1", "1 -1 1", "1 1 -1", "1.5 1 1", "0x1 1 1", "1 1 1e3"}) {
    EXPECT_FALSE(with("ff", numbers)) << numbers;
  }
}

TEST(Marker, WithFewerFieldsIsNone) {
  const std::string text = kText;
  for (size_t end = text.size(); end > 0; --end) {
    if (end < text.size() && text[end] != ' ') continue;
    EXPECT_EQ(ParseMarker(text.substr(0, end)).has_value(), end == text.size()) << end;
  }
}

TEST(Marker, OfSourcesThatItDoesNotKnowTakesTheUsualOnes) {
  const auto marker = ParseMarker("kache1 syncing 00ff run-1 cache-a 12 1000 900 later");
  ASSERT_TRUE(marker);
  EXPECT_FALSE(marker->from_all);
  EXPECT_FALSE(marker->came_empty);
}

TEST(Marker, MaySayMoreInALaterRelease) {
  EXPECT_TRUE(ParseMarker(std::string(kText) + " more").has_value());
}

TEST(Marker, OfAWholeNodeTellsSinceWhenItCanBeTrusted) {
  const std::string whole = "kache1 whole 00000000000000ff run-1 cache-a 12 1000 ";
  EXPECT_EQ(ParseMarker(whole + "0 arcs")->TrustedSinceMs(), 1000);
  EXPECT_EQ(ParseMarker(whole + "400 arcs")->TrustedSinceMs(), 400);
}

TEST(Marker, OfAWholeNodeBeginsWithThePartOfItsRing) {
  const std::string one = WholeMarker(0xAB, "run-1", "cache-a");
  EXPECT_EQ(RingPartOf(one), "kache1 whole 00000000000000ab ");
  EXPECT_EQ(RingPartOf(one), RingPartOf(WholeMarker(0xAB, "run-22", "cache-b")));
  EXPECT_EQ(RingPartOf(""), "");
}

TEST(Marker, OfAWholeNodeBeginsAsQuorumReadsExpect) {
  EXPECT_EQ(WholeMarker(0xFF, "run-1", "cache-a"), "kache1 whole 00000000000000ff run-1 cache-a ");
}

}  // namespace
}  // namespace kache
