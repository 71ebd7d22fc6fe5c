#include "base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/settings.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

LogConfig Read(const Environment& environment, std::string* mistakes) {
  SettingsReader reader(environment);
  const LogConfig config = ReadLogConfig(reader);
  *mistakes = std::string(reader.Finish().message());
  return config;
}

TEST(Logging, ReadsLevelAndFormat) {
  std::string mistakes;
  LogConfig config = Read(Environment(), &mistakes);
  EXPECT_EQ(config.level, spdlog::level::info);
  EXPECT_EQ(config.format, LogFormat::kText);

  config = Read(Environment::Of({{"LOG_LEVEL", "ERROR"}, {"LOG_FORMAT", "json"}}), &mistakes);
  EXPECT_EQ(config.level, spdlog::level::err);
  EXPECT_EQ(config.format, LogFormat::kJson);
  EXPECT_EQ(mistakes, "");

  config = Read(Environment::Of({{"LOG_LEVEL", "loud"}, {"LOG_FORMAT", "xml"}}), &mistakes);
  EXPECT_EQ(config.level, spdlog::level::info);
  EXPECT_THAT(mistakes, HasSubstr("LOG_LEVEL: must be one of trace, debug, info, warn, error"));
  EXPECT_THAT(mistakes, HasSubstr("LOG_FORMAT: must be one of text, json"));
}

TEST(Logging, WritesLinesOfTheLevelToStandardError) {
  const auto before = spdlog::default_logger();
  testing::internal::CaptureStderr();
  StartLogging({.level = spdlog::level::warn, .format = LogFormat::kText}, "kache-test");
  spdlog::info("not shown");
  spdlog::warn("node is down name={}", "cache-a");
  FlushLog(absl::Seconds(60));
  const std::string written = testing::internal::GetCapturedStderr();
  spdlog::set_default_logger(before);
  EXPECT_THAT(written, EndsWith("Z warn kache-test node is down name=cache-a\n"));
  EXPECT_EQ(written.find("not shown"), std::string::npos);
}

}  // namespace
}  // namespace kache
