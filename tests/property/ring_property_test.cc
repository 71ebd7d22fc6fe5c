// The ring against a naive twin, and what consistent hashing promises about changes.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ring/hash_ring.h"
#include "ring/ring_report.h"
#include "tests/testing/seed.h"

namespace kache {
namespace {

using Names = std::vector<std::string>;

Names RandomNames(size_t count, std::mt19937_64& random) {
  Names names;
  for (size_t i = 0; i < count; ++i) {
    // The index keeps them distinct.
    names.push_back(absl::StrCat("cache-", random() % 1'000'000, "-", i));
  }
  return names;
}

std::string RandomKey(std::mt19937_64& random) {
  std::string key(1 + random() % 40, '\0');
  for (char& c : key) c = static_cast<char>(random());
  return key;
}

Names Preferred(const HashRing& ring, uint64_t token, size_t count) {
  Names names;
  for (const NodeId node : ring.Preference(token, count)) {
    names.push_back(ring.names()[node.index()]);
  }
  return names;
}

Names Without(Names names, const std::string& name) {
  names.erase(std::remove(names.begin(), names.end(), name), names.end());
  return names;
}

// The definition, word by word: each server's distance from the token is that of its nearest
// virtual node clockwise; the list is the servers by distance, then by name.
Names NaivelyPreferred(const Names& names, uint32_t vnodes_per_node, uint64_t token, size_t count) {
  struct Server {
    uint64_t distance;
    std::string name;
    bool operator<(const Server& other) const {
      return std::tie(distance, name) < std::tie(other.distance, other.name);
    }
  };
  std::vector<Server> servers;
  for (const std::string& name : names) {
    uint64_t nearest = UINT64_MAX;
    for (uint32_t i = 0; i < vnodes_per_node; ++i) {
      const uint64_t vnode_token = HashRing::Token(absl::StrCat(name, "#", i));
      nearest = std::min(nearest, vnode_token - token);  // clockwise, modulo 2^64
    }
    servers.push_back({nearest, name});
  }
  std::sort(servers.begin(), servers.end());
  Names preferred;
  for (const Server& server : servers) preferred.push_back(server.name);
  preferred.resize(std::min(count, preferred.size()));
  return preferred;
}

TEST(RingProperty, AgreesWithANaiveScan) {
  std::mt19937_64 random(TestSeed());
  for (size_t nodes = 1; nodes <= 64; ++nodes) {
    const uint32_t vnodes_per_node = 1 + static_cast<uint32_t>(random() % 120);
    const Names names = RandomNames(nodes, random);
    const HashRing ring(names, vnodes_per_node);
    for (int i = 0; i < 10; ++i) {
      const uint64_t token = HashRing::Token(RandomKey(random));
      const size_t count = 1 + random() % (nodes + 2);
      ASSERT_EQ(Preferred(ring, token, count),
                NaivelyPreferred(names, vnodes_per_node, token, count))
          << nodes << " nodes, " << vnodes_per_node << " virtual nodes, token " << token;
    }
  }
}

// At and beside every virtual node, where an off-by-one would show.
TEST(RingProperty, AgreesWithANaiveScanAtEveryEdge) {
  std::mt19937_64 random(TestSeed());
  const Names names = RandomNames(9, random);
  const HashRing ring(names, 20);
  for (const HashRing::VirtualNode& vnode : ring.virtual_nodes()) {
    for (const uint64_t token : {vnode.token - 1, vnode.token, vnode.token + 1}) {
      ASSERT_EQ(Preferred(ring, token, 4), NaivelyPreferred(names, 20, token, 4)) << token;
    }
  }
}

TEST(RingProperty, OrderOfNamesDoesNotMatter) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 20; ++round) {
    Names names = RandomNames(1 + random() % 64, random);
    const HashRing ring(names, 50);
    std::shuffle(names.begin(), names.end(), random);
    const HashRing shuffled(names, 50);
    EXPECT_EQ(ring.Fingerprint(3), shuffled.Fingerprint(3));
    for (int i = 0; i < 100; ++i) {
      const uint64_t token = random();
      ASSERT_EQ(Preferred(ring, token, 64), Preferred(shuffled, token, 64));
    }
  }
}

// Between a ring and the same with one more server every list is the same but for that server: so
// only keys whose list it enters or leaves move, and those only to or from it.
TEST(RingProperty, AddingOrRemovingAServerMovesOnlyWhatItMust) {
  std::mt19937_64 random(TestSeed());
  for (size_t nodes = 2; nodes <= 64; ++nodes) {
    const Names larger = RandomNames(nodes, random);
    const std::string& changed = larger[random() % nodes];
    const HashRing with(larger, 50);
    const HashRing without(Without(larger, changed), 50);
    for (int i = 0; i < 100; ++i) {
      const uint64_t token = random();
      Names expected = Without(Preferred(with, token, 4), changed);
      expected.resize(std::min<size_t>(expected.size(), 3));
      ASSERT_EQ(Preferred(without, token, expected.size()), expected)
          << nodes << " nodes, token " << token;
    }
  }
}

// The new server takes 1/n of the first owners and of the copies; no other copy moves. With 100
// virtual nodes a server's share has a standard deviation of about 10% of the ideal: five of
// these, so that a chance failure is out of question for any seed.
TEST(RingProperty, MovesAboutOneNth) {
  std::mt19937_64 random(TestSeed());
  for (const size_t nodes : {2, 3, 4, 8, 16, 64}) {
    const Names after_names = RandomNames(nodes, random);
    const Names before_names(after_names.begin(), after_names.end() - 1);
    const HashRing after(after_names, 100);
    const MoveReport move = MeasureMove(HashRing(before_names, 100), after, 3);
    const NodeId added(static_cast<uint16_t>(nodes - 1));
    const double ideal = 1.0 / static_cast<double>(nodes);
    EXPECT_NEAR(move.first_owners, ideal, 0.5 * ideal) << nodes;
    EXPECT_NEAR(move.first_owners, after.Share(added), 1e-9) << nodes;
    EXPECT_NEAR(move.copies, MeasureLoad(after, 3).shares[added.index()], 1e-9) << nodes;
  }
}

TEST(RingProperty, ExactReportAgreesWithCountedKeys) {
  std::mt19937_64 random(TestSeed());
  const HashRing ring(RandomNames(5, random), 100);
  const LoadReport load = MeasureLoad(ring, 3);
  constexpr int kKeys = 200'000;
  std::vector<int> copies(ring.nodes(), 0);
  for (int i = 0; i < kKeys; ++i) {
    for (const NodeId node : ring.Preference(HashRing::Token(RandomKey(random)), 3)) {
      ++copies[node.index()];
    }
  }
  for (size_t n = 0; n < ring.nodes(); ++n) {
    // The counted part's standard deviation is below 0.0007; ten of them.
    EXPECT_NEAR(copies[n] / (3.0 * kKeys), load.shares[n], 0.007) << n;
  }
}

}  // namespace
}  // namespace kache
