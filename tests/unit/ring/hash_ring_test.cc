#include "ring/hash_ring.h"

#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kHalf = uint64_t{1} << 63;

std::vector<std::string> Preferred(const HashRing& ring, uint64_t token, size_t count = 100) {
  std::vector<std::string> names;
  for (const NodeId node : ring.Preference(token, count)) {
    names.push_back(ring.names()[node.index()]);
  }
  return names;
}

TEST(HashRing, WalksClockwiseFromTheFirstVirtualNodeAtOrAfterTheToken) {
  const HashRing ring = HashRing::AtTokens({"a", "b", "c"}, {{100}, {200}, {300}});
  EXPECT_THAT(Preferred(ring, 100), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Preferred(ring, 101), ElementsAre("b", "c", "a"));
  EXPECT_THAT(Preferred(ring, 200), ElementsAre("b", "c", "a"));
  EXPECT_THAT(Preferred(ring, 300), ElementsAre("c", "a", "b"));
}

TEST(HashRing, WrapsRoundAtTheEnd) {
  const HashRing ring = HashRing::AtTokens({"a", "b"}, {{100}, {200}});
  EXPECT_THAT(Preferred(ring, 201), ElementsAre("a", "b"));
  EXPECT_THAT(Preferred(ring, kLast), ElementsAre("a", "b"));
  EXPECT_THAT(Preferred(ring, 0), ElementsAre("a", "b"));
}

TEST(HashRing, UsesBothEndsOfTheTokenSpace) {
  const HashRing ring = HashRing::AtTokens({"a", "b"}, {{0}, {kLast}});
  EXPECT_THAT(Preferred(ring, 0), ElementsAre("a", "b"));
  EXPECT_THAT(Preferred(ring, 1), ElementsAre("b", "a"));
  EXPECT_THAT(Preferred(ring, kLast), ElementsAre("b", "a"));
}

TEST(HashRing, PassesNodesAlreadyMet) {
  const HashRing ring = HashRing::AtTokens({"a", "b"}, {{10, 20, 30}, {40, 50, 60}});
  EXPECT_THAT(Preferred(ring, 5), ElementsAre("a", "b"));
  EXPECT_THAT(Preferred(ring, 45), ElementsAre("b", "a"));
}

TEST(HashRing, OrdersEqualTokensByName) {
  const HashRing ring = HashRing::AtTokens({"c", "a", "b"}, {{500}, {500}, {500}});
  EXPECT_THAT(Preferred(ring, 0), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Preferred(ring, 500), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Preferred(ring, 501), ElementsAre("a", "b", "c"));
}

// All in one slice of the lookup table, the worst case for it.
TEST(HashRing, FindsTokensCrowdedInOneSlice) {
  std::vector<uint64_t> even;
  std::vector<uint64_t> odd;
  for (uint64_t i = 0; i < 1000; ++i) (i % 2 == 0 ? even : odd).push_back(kHalf + 10 * i);
  const HashRing ring = HashRing::AtTokens({"even", "odd"}, {even, odd});
  for (uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(Preferred(ring, kHalf + 10 * i - 9, 1).front(), i % 2 == 0 ? "even" : "odd") << i;
  }
}

TEST(HashRing, ListsNoMoreThanAskedAndNoMoreThanThereAre) {
  const HashRing ring({"a", "b", "c"}, 100);
  const uint64_t token = HashRing::Token("key");
  EXPECT_THAT(ring.Preference(token, 0), IsEmpty());
  EXPECT_THAT(ring.Preference(token, 2), SizeIs(2));
  EXPECT_THAT(ring.Preference(token, 3), SizeIs(3));
  EXPECT_THAT(ring.Preference(token, 1000), SizeIs(3));
}

TEST(HashRing, OneServerHoldsEverything) {
  const HashRing ring({"only"}, 1);
  EXPECT_THAT(Preferred(ring, 0), ElementsAre("only"));
  EXPECT_THAT(Preferred(ring, kLast), ElementsAre("only"));
  EXPECT_EQ(ring.Share(NodeId(0)), 1.0);
}

TEST(HashRing, ManyServersAreAllMetOnce) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(absl::StrCat("node-", i));
  const HashRing ring(names, 3);
  std::vector<std::string> met = Preferred(ring, kHalf, 1000);
  EXPECT_THAT(met, ::testing::UnorderedElementsAreArray(names));
}

TEST(HashRing, ShareIsTheArcBeforeEachVirtualNode) {
  const HashRing ring = HashRing::AtTokens({"a", "b"}, {{kHalf / 2}, {kHalf}});
  EXPECT_DOUBLE_EQ(ring.Share(NodeId(0)), 0.75);
  EXPECT_DOUBLE_EQ(ring.Share(NodeId(1)), 0.25);
}

TEST(HashRing, ShareOfACircleWithOneTokenIsTheFirstNames) {
  const HashRing ring = HashRing::AtTokens({"b", "a"}, {{7}, {7}});
  EXPECT_EQ(ring.Share(NodeId(0)), 0.0);
  EXPECT_EQ(ring.Share(NodeId(1)), 1.0);
}

TEST(HashRing, SharesAddUpToOne) {
  const HashRing ring({"a", "b", "c", "d", "e"}, 100);
  double sum = 0;
  for (uint16_t n = 0; n < 5; ++n) sum += ring.Share(NodeId(n));
  EXPECT_NEAR(sum, 1.0, 1e-12);
}

// "n1" + "23" and "n12" + "3" must not be one virtual node.
TEST(HashRing, NamesOfVirtualNodesDoNotRunTogether) {
  const HashRing ring({"n1", "n12"}, 30);
  const auto& vnodes = ring.virtual_nodes();
  for (size_t i = 1; i < vnodes.size(); ++i) EXPECT_NE(vnodes[i - 1].token, vnodes[i].token);
}

TEST(HashRing, FingerprintIgnoresTheOrderOfNames) {
  EXPECT_EQ(HashRing({"a", "b", "c"}, 100).Fingerprint(3),
            HashRing({"c", "a", "b"}, 100).Fingerprint(3));
}

TEST(HashRing, FingerprintTellsRingsApart) {
  const uint64_t fingerprint = HashRing({"a", "b"}, 100).Fingerprint(2);
  EXPECT_NE(fingerprint, HashRing({"a", "b"}, 100).Fingerprint(3));
  EXPECT_NE(fingerprint, HashRing({"a", "b"}, 101).Fingerprint(2));
  EXPECT_NE(fingerprint, HashRing({"a", "b", "c"}, 100).Fingerprint(2));
  EXPECT_NE(fingerprint, HashRing({"ab"}, 100).Fingerprint(2));
}

}  // namespace
}  // namespace kache
