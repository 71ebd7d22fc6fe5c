#include "server/bookkeeping/resync_checkpoint.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kText[] =
    "1 17592186044416 5000 0123456789abcdef 3 12 1 900 00000000000000c0:7,00000000000000c1:2";

TEST(ResyncCheckpoint, IsReadAsItWasWritten) {
  const ResyncCheckpoint checkpoint{.cursor = "17592186044416",
                                    .seen = 5000,
                                    .run_id = "0123456789abcdef",
                                    .emptied = 3,
                                    .fence = FenceNumber{12},
                                    .node_emptied = 1,
                                    .knew_before_ms = 900,
                                    .drained = {{0xC0, 7}, {0xC1, 2}}};
  EXPECT_EQ(CheckpointText(checkpoint), kText);
  EXPECT_EQ(ParseCheckpoint(kText), checkpoint);
  EXPECT_EQ(CheckpointField("cache-a"), "checkpoint:cache-a");
}

TEST(ResyncCheckpoint, MayBeOfNoNotes) {
  const ResyncCheckpoint checkpoint{.run_id = "x"};
  EXPECT_EQ(CheckpointText(checkpoint), "1 0 0 x 0 0 0 0 -");
  EXPECT_EQ(ParseCheckpoint(CheckpointText(checkpoint)), checkpoint);
}

TEST(ResyncCheckpoint, MaySayMoreInALaterRelease) {
  EXPECT_EQ(ParseCheckpoint(std::string(kText) + " later words"), ParseCheckpoint(kText));
}

TEST(ResyncCheckpoint, IsNothingElse) {
  for (const char* text :
       {"", "1", "2 0 0 x 0 0 0 0 -", "1 0 0 x 0 0 0 0", "1  0 x 0 0 0 0 -", "1 -1 0 x 0 0 0 0 -",
        "1 0x1 0 x 0 0 0 0 -", "1 0 - x 0 0 0 0 -", "1 0 0 x - 0 0 0 -", "1 0 0 x 0 - 0 0 -",
        "1 0 0 x 0 0 - 0 -", "1 0 0 x 0 0 0 -1 -", "1 0 0 x 0 0 0 9007199254740993 -",
        "1 0 0 x 0 0 0 0 ", "1 0 0 x 0 0 0 0 c0:1", "1 0 0 x 0 0 0 0 00000000000000c0",
        "1 0 0 x 0 0 0 0 00000000000000c0:-1", "1 0 0 x 0 0 0 0 00000000000000c0:1,"}) {
    EXPECT_FALSE(ParseCheckpoint(text)) << text;
  }
}

TEST(ResyncCheckpoint, NotesUpToANumberAreDrained) {
  const DrainedNotes drained = {{0xC0, 7}};
  EXPECT_TRUE(IsDrained(drained, 0xC0, {.number = 7}));
  EXPECT_FALSE(IsDrained(drained, 0xC0, {.number = 8}));
  EXPECT_FALSE(IsDrained(drained, 0xC1, {.number = 1}));
}

}  // namespace
}  // namespace kache
