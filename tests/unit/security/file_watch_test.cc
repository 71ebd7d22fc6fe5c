#include "security/file_watch.h"

#include <gtest/gtest.h>

#include "base/notification.h"
#include "tests/testing/temporary_file.h"

namespace kache {
namespace {

constexpr absl::Duration kSoon = absl::Milliseconds(5);
constexpr absl::Duration kLong = absl::Seconds(30);

TEST(FileWatch, TellsOfAChange) {
  const TemporaryFile file("a");
  Notification changed;
  FileWatch watch({file.path()});
  watch.Start([&] { changed.Notify(); }, kSoon);
  file.Write("b");
  EXPECT_TRUE(changed.WaitForNotificationWithTimeout(kLong));
}

TEST(FileWatch, TellsOfAChangeBeforeItsStart) {
  const TemporaryFile file("a");
  FileWatch watch({file.path()});
  file.Write("b");
  Notification changed;
  watch.Start([&] { changed.Notify(); }, kSoon);
  EXPECT_TRUE(changed.WaitForNotificationWithTimeout(kLong));
}

TEST(FileWatch, TellsWhenAFileGoes) {
  Notification changed;
  auto file = std::make_unique<TemporaryFile>("a");
  FileWatch watch({file->path()});
  watch.Start([&] { changed.Notify(); }, kSoon);
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
