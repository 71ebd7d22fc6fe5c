#include "base/log_queue.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/log_line.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(60);

// Two ends, of a pipe or of a socket.
class LogQueueTest : public ::testing::TestWithParam<bool> {
 protected:
  LogQueueTest() {
    const int made = GetParam() ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) : pipe(ends_);
    if (made != 0) std::abort();
    if (GetParam()) std::swap(ends_[0], ends_[1]);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~LogQueueTest() override {
    CloseReader();
    close(ends_[1]);
  }

  int writer() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  // Reads until so many bytes have come.
  std::string Read(size_t bytes) const {
    std::string text;
    while (text.size() < bytes) {
      char buffer[4096];
      const ssize_t size = read(ends_[0], buffer, std::min(sizeof buffer, bytes - text.size()));
      if (size <= 0) break;
      text.append(buffer, static_cast<size_t>(size));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

INSTANTIATE_TEST_SUITE_P(PipesAndSockets, LogQueueTest, ::testing::Bool());

TEST_P(LogQueueTest, WritesLinesInOrder) {
  LogQueue queue(writer());
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    EXPECT_TRUE(queue.Push(line));
    all += line;
  }
  EXPECT_EQ(Read(all.size()), all);
  EXPECT_TRUE(queue.AwaitWritten(kLong));
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_EQ(queue.lost(), 0u);
}

TEST_P(LogQueueTest, NeverWaitsForAReaderThatHasStopped) {
  constexpr size_t kBytes = size_t{1} << 20;
  LogQueue queue(writer(), kBytes);
  const std::string line(999, 'x');
  uint64_t taken = 0;
  uint64_t pushed = 0;
  // More than the queue and the kernel hold.
  for (; queue.lost() == 0 || pushed < 2000; ++pushed) taken += queue.Push(line + "\n") ? 1 : 0;
  EXPECT_EQ(queue.lost(), pushed - taken);
  EXPECT_LE(queue.waiting(), kBytes);
  EXPECT_FALSE(queue.AwaitWritten(absl::Milliseconds(1)));

  // What was taken comes once the reader goes on.
  EXPECT_EQ(Read(taken * 1000).size(), taken * 1000);
  EXPECT_TRUE(queue.AwaitWritten(kLong));
  EXPECT_EQ(queue.untold(), pushed - taken);
  queue.Told(pushed - taken);
  EXPECT_EQ(queue.untold(), 0u);
}

TEST_P(LogQueueTest, EndsWithAReaderThatHasStopped) {
  LogQueue queue(writer());
  while (queue.Push(std::string(4096, 'x'))) {
  }
}  // the destructor returns

TEST_P(LogQueueTest, CountsWhatAReaderThatIsGoneDoesNotGet) {
  LogQueue queue(writer());
  CloseReader();
  queue.Push("one\ntwo\n");
  EXPECT_TRUE(queue.AwaitWritten(kLong));
  EXPECT_EQ(queue.lost(), 2u);
}

TEST(LogQueue, TellsOfLinesThatADiskHadNoRoomFor) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  LogQueue queue(full);
  queue.Push("one\ntwo\n");
  EXPECT_TRUE(queue.AwaitWritten(kLong));
  EXPECT_EQ(queue.lost(), 2u);
  EXPECT_EQ(queue.untold(), 2u);
  close(full);
}

TEST_P(LogQueueTest, ItsSinkTellsWhatWasLost) {
  auto queue = std::make_shared<LogQueue>(writer(), 256);
  spdlog::logger logger("test", std::make_shared<LogQueueSink>(queue));
  logger.set_formatter(NewLogFormatter(LogFormat::kText, "kache-test"));
  logger.info(std::string(300, 'x'));
  logger.info(std::string(300, 'y'));
  logger.info("short");
  const std::string expected = "Z warn kache-test log lines lost count=2\n";
  const std::string text = Read(24 + expected.size());
  EXPECT_THAT(text, HasSubstr("log lines lost count=2"));
}

}  // namespace
}  // namespace kache
