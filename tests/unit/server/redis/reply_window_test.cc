#include "server/redis/reply_window.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "server/redis/command.h"

namespace kache::redis {
namespace {

size_t Width(const ReplyWindow& window) {
  size_t unanswered = 0;
  while (window.Open(unanswered)) ++unanswered;
  return unanswered;
}

TEST(ReplyWindow, SmallRepliesAreLimitedInNumberOnly) {
  ReplyWindow window;
  EXPECT_EQ(Width(window), ReplyWindow::kCommands);
  for (int i = 0; i < 100; ++i) window.OnReply(1000);
  EXPECT_EQ(Width(window), ReplyWindow::kCommands);
}

TEST(ReplyWindow, LargeRepliesAreLimitedInBytes) {
  ReplyWindow window;
  for (int i = 0; i < 100; ++i) window.OnReply(256 << 10);
  EXPECT_EQ(Width(window), 16u);
  for (int i = 0; i < 100; ++i) window.OnReply(8 << 20);
  EXPECT_EQ(Width(window), ReplyWindow::kAtLeast);
}

TEST(ReplyWindow, NarrowsWithTheFirstLargeRepliesAndWidensAgain) {
  ReplyWindow window;
  for (int i = 0; i < 100; ++i) window.OnReply(100);
  for (int i = 0; i < 8; ++i) window.OnReply(1 << 20);
  EXPECT_LT(Width(window), 8u);
  for (int i = 0; i < 256; ++i) window.OnReply(100);
  EXPECT_EQ(Width(window), ReplyWindow::kCommands);
}

TEST(ReplyWindow, CommandsForManyValuesCountThem) {
  ReplyWindow window;
  EXPECT_TRUE(window.Open(0, 0, 1000)) << "one is always sent";
  EXPECT_TRUE(window.Open(7, 7 * 32, 32));
  EXPECT_FALSE(window.Open(8, 8 * 32, 32));
  EXPECT_FALSE(window.Open(8, 8 * 32, 1));
  for (int i = 0; i < 100; ++i) window.OnReply(32 << 10, 32);
  EXPECT_TRUE(window.Open(7, 7 * 32, 32)) << "1 KiB each";
  for (int i = 0; i < 100; ++i) window.OnReply(32 << 20, 32);
  EXPECT_TRUE(window.Open(1, 4, 4));
  EXPECT_FALSE(window.Open(2, 8, 4));
}

TEST(ReplyWindow, TrustsSmallValuesAfterMany) {
  ReplyWindow window;
  for (int i = 0; i < 5000; ++i) window.OnReply(32 * 100, 32);
  EXPECT_TRUE(window.Open(127, 127 * 32, 32));
  window.OnReply(100 << 10);
  for (int i = 0; i < 500; ++i) window.OnReply(32 * 100, 32);
  EXPECT_TRUE(window.Open(11, 11 * 32, 32));
  EXPECT_FALSE(window.Open(15, 15 * 32, 32));
}

TEST(ReplyWindow, KnowsHowManyValuesACommandAsksFor) {
  EXPECT_EQ(ValuesAskedFor(Command::Of({"MGET", "a", "b", "c"}).wire()), 3u);
  const std::vector<std::string_view> many(33, "MGET");
  EXPECT_EQ(ValuesAskedFor(Command::Of(many).wire()), 32u);
  EXPECT_EQ(ValuesAskedFor(Command::Of({"MGET", "a"}).wire()), 1u);
  EXPECT_EQ(ValuesAskedFor(Command::Of({"GET", "MGET"}).wire()), 1u);
  EXPECT_EQ(ValuesAskedFor(Command::Of({"PING"}).wire()), 1u);
  EXPECT_EQ(ValuesAskedFor(""), 1u);
}

}  // namespace
}  // namespace kache::redis
