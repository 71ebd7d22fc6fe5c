#include "client/ctl/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace kache::ctl {
namespace {

TEST(Paint, ColoursOnlyWhereItIsWanted) {
  EXPECT_EQ(Paint("UP", Tone::kGood, true), "\x1b[32mUP\x1b[0m");
  EXPECT_EQ(Paint("UP", Tone::kGood, false), "UP");
  EXPECT_EQ(Paint("UP", Tone::kPlain, true), "UP");
  EXPECT_EQ(Paint("", Tone::kBad, true), "");
}

TEST(Printable, LeavesNothingForATerminalToObey) {
  EXPECT_EQ(Printable("key:1 \xc3\xa4"), "key:1 \xc3\xa4");
  EXPECT_EQ(Printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(Printable("\xff\x7f"), "\\xff\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // CSI in one character
}

TEST(DisplayWidth, CountsCharacters) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("\xc3\xa4\xc3\xa4"), 2u);
}

TEST(WantsColour, IsForTerminalsOnly) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_FALSE(WantsColour(ends[1]));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace kache::ctl
