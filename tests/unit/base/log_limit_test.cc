#include "base/log_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spdlog/details/log_msg.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Lines final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    lines_.push_back(std::string(message.payload.data(), message.payload.size()));
  }
  void flush() override { ++flushes; }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override { ++formatters; }
  // Those since the last Take.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

  int flushes = 0;
  int formatters = 0;

 private:
  std::vector<std::string> lines_;
};

class LogLimitTest : public ::testing::Test {
 protected:
  void Log(const std::string& text, spdlog::level::level_enum level = spdlog::level::info) {
    limit_.log(spdlog::details::log_msg(now_, {}, "logger", level, text));
  }
  void Pass(std::chrono::milliseconds time) { now_ += time; }

  const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  LogLimit limit_{lines_, 2};
  spdlog::log_clock::time_point now_{std::chrono::hours(24)};
};

TEST(LogLimitKind, IsTheSentenceBeforeTheFirstPairOrColon) {
  EXPECT_EQ(KindOfLine("node state changed node=a state=up"), "node state changed");
  EXPECT_EQ(KindOfLine("cannot start: x=1"), "cannot start");
  EXPECT_EQ(KindOfLine("stopped"), "stopped");
  EXPECT_EQ(KindOfLine("a=b"), "");
  EXPECT_EQ(KindOfLine(""), "");
  EXPECT_EQ(KindOfLine(std::string(1000, 'x')).size(), 60u);
  EXPECT_EQ(KindOfLine(std::string(1000, 'x') + " a=b").size(), 60u);
}

TEST_F(LogLimitTest, CountsWhatIsTooMuchInOneSecond) {
  for (int i = 0; i < 5; ++i) Log("slow operation n=" + std::to_string(i));
  EXPECT_THAT(lines_->Take(), ElementsAre("slow operation n=0", "slow operation n=1"));
  Pass(std::chrono::milliseconds(999));
  Log("slow operation n=5");
  EXPECT_THAT(lines_->Take(), IsEmpty());
  Pass(std::chrono::milliseconds(1));
  Log("something else");
  EXPECT_THAT(lines_->Take(),
              ElementsAre("lines left out kind=\"slow operation\" count=4", "something else"));
  Log("slow operation n=6");
  EXPECT_THAT(lines_->Take(), ElementsAre("slow operation n=6"));
}

TEST_F(LogLimitTest, KindsAndLevelsCountApart) {
  for (int i = 0; i < 3; ++i) {
    Log("one a=1");
    Log("two a=1");
    Log("one a=1", spdlog::level::warn);
  }
  EXPECT_EQ(lines_->Take().size(), 6u);
  limit_.flush();
  EXPECT_THAT(lines_->Take(), UnorderedElementsAre("lines left out kind=\"one\" count=1",
                                                   "lines left out kind=\"two\" count=1",
                                                   "lines left out kind=\"one\" count=1"));
  limit_.flush();
  EXPECT_THAT(lines_->Take(), IsEmpty());
  EXPECT_EQ(lines_->flushes, 2);
}

TEST_F(LogLimitTest, DebugLinesAreNotLimited) {
  for (int i = 0; i < 100; ++i) Log("request answered", spdlog::level::debug);
  EXPECT_EQ(lines_->Take().size(), 100u);
}

TEST_F(LogLimitTest, KindsAreBounded) {
  for (size_t i = 0; i < 2 * LogLimit::kMaxKinds; ++i) Log("kind " + std::to_string(i));
  EXPECT_EQ(lines_->Take().size(), LogLimit::kMaxKinds + 2);
  limit_.flush();
  EXPECT_THAT(lines_->Take(), ElementsAre("lines left out kind=\"further kinds\" count=" +
                                          std::to_string(LogLimit::kMaxKinds - 2)));
}

TEST_F(LogLimitTest, AClockSetBackBeginsAnew) {
  for (int i = 0; i < 3; ++i) Log("a");
  now_ -= std::chrono::hours(1);
  Log("a");
  EXPECT_THAT(lines_->Take(), ElementsAre("a", "a", "lines left out kind=\"a\" count=1", "a"));
}

TEST_F(LogLimitTest, FormattersGoToTheTarget) {
  limit_.set_formatter(nullptr);
  EXPECT_EQ(lines_->formatters, 1);
}

}  // namespace
}  // namespace kache
