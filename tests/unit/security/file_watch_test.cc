#include "security/file_watch.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/notification.h"
#include "base/strings.h"
#include "security/tls_files.h"
#include "tests/testing/eventually.h"
#include "tests/testing/temporary_file.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

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

// A FIFO.
class Pipe {
 public:
  Pipe() {
    std::remove(file_.path().c_str());
    if (mkfifo(path().c_str(), 0600) != 0) std::abort();
  }
  const std::string& path() const { return file_.path(); }
  // Returns once somebody has opened it to read.
  void Write(std::string_view text) const { std::ofstream(path()) << text; }

 private:
  const TemporaryFile file_{""};
};

TEST(ReadSmallFile, ReadsWhatComesThroughAPipe) {
  const Pipe pipe;
  EXPECT_TRUE(IsPipe(pipe.path()));
  std::thread writer([&] { pipe.Write(std::string(100'000, 'x')); });
  EXPECT_EQ(ReadSmallFile(pipe.path()).value_or(""), std::string(100'000, 'x'));
  writer.join();
}

TEST(ReadSmallFile, DoesNotWaitForeverForAPipe) {
  const Pipe pipe;
  EXPECT_EQ(ReadSmallFile(pipe.path()).status().message(),
            Concat("cannot read ", pipe.path(), ": nothing has come through the pipe"));
}

TEST(FileWatch, WhatCameThroughAPipeStaysUntilItIsWrittenAgain) {
  const Pipe pipe;
  FileWatch watch({pipe.path()});
  std::thread first([&] { pipe.Write("a"); });
  EXPECT_EQ(watch.Read().front().value_or(""), "a");
  first.join();
  std::vector<std::string> told;
  Notification second;
  Notification third;
  watch.Start(
      [&](const FileContents& contents) {
        told.push_back(contents.front().value_or("(wrong)"));
        (told.size() == 1 ? second : third).Notify();
      },
      kSoon);
  pipe.Write("b");
  ASSERT_TRUE(second.WaitForNotificationWithTimeout(kLong));
  pipe.Write("c");
  ASSERT_TRUE(third.WaitForNotificationWithTimeout(kLong));
  EXPECT_THAT(told, ElementsAre("b", "c"));
}

TEST(FileWatch, WaitsForTheWholeTextOfAPipe) {
  const Pipe pipe;
  FileWatch watch({pipe.path()});
  std::thread first([&] { pipe.Write("a"); });
  watch.Read();
  first.join();
  std::string told;
  Notification done;
  watch.Start(
      [&](const FileContents& contents) {
        told = contents.front().value_or("(wrong)");
        done.Notify();
      },
      kSoon);
  const int writer = open(pipe.path().c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(write(writer, "b", 1), 1);
  EXPECT_TRUE(Eventually([&] {
    int unread = 1;
    return ioctl(writer, FIONREAD, &unread) == 0 && unread == 0;
  }));
  EXPECT_EQ(write(writer, "c", 1), 1) << "somebody still reads";
  close(writer);
  EXPECT_TRUE(done.WaitForNotificationWithTimeout(kLong));
  EXPECT_EQ(told, "bc");
}

TEST(CheckTlsFiles, WantsFilesThatCanBeReadAgain) {
  const Pipe pipe;
  const absl::Status status =
      CheckTlsFiles({.cert_file = pipe.path(), .key_file = pipe.path(), .ca_file = {}});
  EXPECT_NE(status.message().find("not a pipe"), absl::string_view::npos);
}

}  // namespace
}  // namespace kache
