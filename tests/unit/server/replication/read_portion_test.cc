#include "server/replication/read_portion.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

void ReadMany(ReadPortion& portion, size_t bytes) {
  for (int i = 0; i < 3000; ++i) portion.OnValue(bytes);
}

TEST(ReadPortion, IsFullWhileValuesAreSmall) {
  ReadPortion portion;
  EXPECT_EQ(portion.Keys(32), 32u);
  ReadMany(portion, 100);
  EXPECT_EQ(portion.Keys(32), 32u);
  EXPECT_EQ(portion.Keys(5), 5u);
}

TEST(ReadPortion, BringsFewBytesWhereValuesAreLarge) {
  ReadPortion portion;
  ReadMany(portion, size_t{1} << 20);
  EXPECT_EQ(portion.Keys(32), 4u);
  EXPECT_EQ(portion.Keys(2), 2u);
  ReadMany(portion, size_t{64} << 20);
  EXPECT_EQ(portion.Keys(32), 1u);
}

TEST(ReadPortion, GrowsAgainWithSmallValues) {
  ReadPortion portion;
  portion.OnTooMuch();
  EXPECT_EQ(portion.Keys(32), 1u);
  ReadMany(portion, 100);
  EXPECT_EQ(portion.Keys(32), 32u);
}

}  // namespace
}  // namespace kache
