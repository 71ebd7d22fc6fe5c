#include "server/api/unanswered_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(UnansweredBytes, CountFromTheLastByteThatWasSent) {
  UnansweredBytes bytes;
  EXPECT_EQ(bytes.Update({.read_bytes = 100, .sent_bytes = 0}), 100u);
  EXPECT_EQ(bytes.Update({.read_bytes = 300, .sent_bytes = 0}), 300u);
  EXPECT_EQ(bytes.Update({.read_bytes = 400, .sent_bytes = 9}), 0u);
  EXPECT_EQ(bytes.Update({.read_bytes = 450, .sent_bytes = 9}), 50u);
}

TEST(ConnectionsWithoutAnswer, AreThoseWithManyBytesTheMostFirst) {
  const std::vector<UnansweredConnection> connections = {
      {1, kMaxUnansweredBytes}, {2, kMaxUnansweredBytes + 1}, {3, 0}, {4, 2 * kMaxUnansweredBytes}};
  EXPECT_THAT(ConnectionsWithoutAnswer(connections, /*in_need=*/false), ElementsAre(4, 2));
}

TEST(ConnectionsWithoutAnswer, MayHaveFewerBytesWhereMemoryIsShort) {
  const std::vector<UnansweredConnection> connections = {{1, kMaxUnansweredBytesInNeed},
                                                         {2, kMaxUnansweredBytesInNeed + 1}};
  EXPECT_THAT(ConnectionsWithoutAnswer(connections, /*in_need=*/false), IsEmpty());
  EXPECT_THAT(ConnectionsWithoutAnswer(connections, /*in_need=*/true), ElementsAre(2));
}

TEST(IsInNeed, FromSevenEighthsOfTheSumOn) {
  EXPECT_FALSE(IsInNeed(700, 800));
  EXPECT_TRUE(IsInNeed(701, 800));
  EXPECT_FALSE(IsInNeed(1 << 30, 0));
}

TEST(ResidentBytes, IsKnownHere) {
  EXPECT_GT(ResidentBytes(), uint64_t{1} << 20);
  EXPECT_LT(ResidentBytes(), uint64_t{1} << 40);
}

TEST(ReadTraffic, IsOfTcpSocketsOnly) { EXPECT_FALSE(ReadTraffic(/*fd=*/-1).has_value()); }

}  // namespace
}  // namespace kache
