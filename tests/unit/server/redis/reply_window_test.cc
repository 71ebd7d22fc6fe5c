#include "server/redis/reply_window.h"

#include <gtest/gtest.h>

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
  for (int i = 0; i < 64; ++i) window.OnReply(100);
  EXPECT_EQ(Width(window), ReplyWindow::kCommands);
}

}  // namespace
}  // namespace kache::redis
