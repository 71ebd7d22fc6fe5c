#include "base/memory_shares.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/testing/seed.h"

namespace kache {
namespace {

TEST(DivideMemory, DividesByWeight) {
  std::array<MemoryShare, 2> shares = {MemoryShare{.weight = 3}, MemoryShare{.weight = 1}};
  DivideMemory(400, shares);
  EXPECT_EQ(shares[0].units, 300u);
  EXPECT_EQ(shares[1].units, 100u);
}

TEST(DivideMemory, CountsInUnits) {
  std::array<MemoryShare, 2> shares = {MemoryShare{.bytes_per_unit = 16}, MemoryShare()};
  DivideMemory(320, shares);
  EXPECT_EQ(shares[0].units, 10u);
  EXPECT_EQ(shares[0].bytes(), 160u);
  EXPECT_EQ(shares[1].units, 160u);
}

TEST(DivideMemory, GivesToOthersWhatOneDoesNotTake) {
  std::array<MemoryShare, 3> shares = {MemoryShare{.most = 50},
                                       MemoryShare{.is_set = true, .units = 10}, MemoryShare()};
  DivideMemory(300, shares);
  EXPECT_EQ(shares[0].units, 50u);
  EXPECT_EQ(shares[1].units, 10u);
  EXPECT_EQ(shares[2].units, 240u);
}

TEST(DivideMemory, TakesFromOthersWhatOneNeeds) {
  std::array<MemoryShare, 2> shares = {MemoryShare{.weight = 1, .least = 80},
                                       MemoryShare{.weight = 9}};
  DivideMemory(100, shares);
  EXPECT_EQ(shares[0].units, 80u);
  EXPECT_EQ(shares[1].units, 20u);
}

TEST(DivideMemory, GivesTheLeastWhereThereIsNotEnough) {
  std::array<MemoryShare, 2> shares = {MemoryShare{.least = 80},
                                       MemoryShare{.is_set = true, .units = 500}};
  DivideMemory(100, shares);
  EXPECT_EQ(shares[0].units, 80u);
  EXPECT_EQ(shares[1].units, 500u);
}

TEST(DivideMemory, StaysWithinTheMemory) {
  std::mt19937_64 random(TestSeed());
  for (int round = 0; round < 10'000; ++round) {
    std::array<MemoryShare, 4> shares;
    uint64_t must = 0;
    for (MemoryShare& share : shares) {
      share.weight = 1 + random() % 5;
      share.bytes_per_unit = 1 + random() % 100;
      share.least = random() % 20;
      share.most = share.least + random() % 1000;
      share.is_set = random() % 4 == 0;
      if (share.is_set) share.units = random() % 100;
      must += share.is_set ? share.bytes() : share.least * share.bytes_per_unit;
    }
    const uint64_t bytes = must + random() % 100'000;
    DivideMemory(bytes, shares);
    uint64_t sum = 0;
    for (const MemoryShare& share : shares) {
      sum += share.bytes();
      if (share.is_set) continue;
      EXPECT_GE(share.units, share.least);
      EXPECT_LE(share.units, share.most);
    }
    EXPECT_LE(sum, bytes);
  }
}

}  // namespace
}  // namespace kache
