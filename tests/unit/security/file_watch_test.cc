#include "security/file_watch.h"

#include <gtest/gtest.h>

#include "base/notification.h"
#include "tests/testing/temporary_file.h"

namespace kache {
namespace {

constexpr absl::Duration kSoon = absl::Milliseconds(5);
constexpr absl::Duration kLong = absl::Seconds(30);

TEST(FileWatch, TellsWhatAFileHolds) {
  const TemporaryFile file("a");
  FileWatch watch({file.path()});
  EXPECT_EQ(*watch.Read().front(), "a");
  Notification changed;
  watch.Start(
      [&](const FileContents& contents) {
        EXPECT_EQ(*contents.front(), "b");
        changed.Notify();
      },
      kSoon);
  file.Replace("b");
  EXPECT_TRUE(changed.WaitForNotificationWithTimeout(kLong));
}

TEST(FileWatch, TellsOfAChangeBeforeItsStart) {
  const TemporaryFile file("a");
  FileWatch watch({file.path()});
  watch.Read();
  file.Replace("b");
  Notification changed;
  watch.Start([&](const FileContents&) { changed.Notify(); }, kSoon);
  EXPECT_TRUE(changed.WaitForNotificationWithTimeout(kLong));
}

// A file that changes while its change is told of, and then back: what was told of last is what it
// holds in the end.
TEST(FileWatch, MissesNoChangeWhileItTellsOfOne) {
  const TemporaryFile file("a");
  FileWatch watch({file.path()});
  watch.Read();
  Notification back;
  std::string told = "a";
  int times = 0;  // that it was b
  watch.Start(
      [&](const FileContents& contents) {
        if (told == "a") file.Replace("c");  // just after it was read
        told = *contents.front();
        if (told == "c") file.Replace("b");
        if (told == "b" && ++times == 2) back.Notify();
      },
      kSoon);
  file.Replace("b");
  EXPECT_TRUE(back.WaitForNotificationWithTimeout(kLong));
}

TEST(FileWatch, TellsWhenAFileGoes) {
  Notification changed;
  auto file = std::make_unique<TemporaryFile>("a");
  FileWatch watch({file->path()});
  watch.Read();
  watch.Start(
      [&](const FileContents& contents) {
        EXPECT_FALSE(contents.front().ok());
        changed.Notify();
      },
      kSoon);
  file.reset();
  EXPECT_TRUE(changed.WaitForNotificationWithTimeout(kLong));
}

TEST(ReadSmallFile, SaysWhyNot) {
  EXPECT_EQ(ReadSmallFile("/no/such/file").status().message(),
            "cannot read /no/such/file: No such file or directory");
  EXPECT_FALSE(ReadSmallFile("/").ok());
  EXPECT_FALSE(ReadSmallFile("/dev/zero").ok());
  const TemporaryFile file("text");
  EXPECT_EQ(ReadSmallFile(file.path()).value(), "text");
}

}  // namespace
}  // namespace kache
