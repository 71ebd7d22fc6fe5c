#include "base/log_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/utf8.h"
#include "spdlog/details/log_msg.h"

namespace kache {
namespace {

std::string Line(LogFormat format, const std::string& message,
                 spdlog::level::level_enum level = spdlog::level::info) {
  // 2026-01-01T00:00:00.007999Z
  const spdlog::log_clock::time_point time(std::chrono::duration_cast<spdlog::log_clock::duration>(
      std::chrono::microseconds(1'767'225'600'007'999)));
  const spdlog::details::log_msg log(time, {}, "logger", level, message);
  spdlog::memory_buf_t buffer;
  NewLogFormatter(format, "kache-server")->clone()->format(log, buffer);
  return std::string(buffer.data(), buffer.size());
}

// The message between what stands before and after it in every line.
std::string Message(LogFormat format, const std::string& message) {
  const std::string empty = Line(format, "");
  const size_t tail = format == LogFormat::kJson ? 3 : 1;  // "}\n or \n
  const std::string line = Line(format, message);
  return line.substr(empty.size() - tail, line.size() - empty.size());
}

TEST(LogLine, LooksAsDocumented) {
  EXPECT_EQ(Line(LogFormat::kText, "node is up name=cache-a"),
            "2026-01-01T00:00:00.007Z info kache-server node is up name=cache-a\n");
  EXPECT_EQ(Line(LogFormat::kJson, "node is up name=cache-a"),
            R"({"ts":"2026-01-01T00:00:00.007Z","level":"info","program":"kache-server",)"
            R"("msg":"node is up name=cache-a"})"
            "\n");
}

TEST(LogLine, NamesTheLevels) {
  EXPECT_NE(Line(LogFormat::kText, "", spdlog::level::trace).find(" trace "), std::string::npos);
  EXPECT_NE(Line(LogFormat::kText, "", spdlog::level::warn).find(" warn "), std::string::npos);
  EXPECT_NE(Line(LogFormat::kText, "", spdlog::level::err).find(" error "), std::string::npos);
}

TEST(LogLine, StaysOneLine) {
  EXPECT_EQ(Message(LogFormat::kText, "a\nb\r\t\x1B[31m\x7F"), "a\\nb\\r\\t\\u001b[31m\\u007f");
  EXPECT_EQ(Message(LogFormat::kJson, "a\nb\r\t\x1B[31m\x7F"), "a\\nb\\r\\t\\u001b[31m\\u007f");
  EXPECT_EQ(Message(LogFormat::kText, std::string(1, '\0')), "\\u0000");
  EXPECT_EQ(Message(LogFormat::kJson, "\xC2\x85\xE2\x80\xA8\xE2\x80\xA9"), "\\u0085\\u2028\\u2029");
}

TEST(LogLine, EscapesQuotesInJsonOnly) {
  EXPECT_EQ(Message(LogFormat::kText, R"(say "hi" \o)"), R"(say "hi" \o)");
  EXPECT_EQ(Message(LogFormat::kJson, R"(say "hi" \o)"), R"(say \"hi\" \\o)");
}

TEST(LogLine, KeepsUtf8AndReplacesWhatIsNone) {
  const std::string good = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80";
  EXPECT_EQ(Message(LogFormat::kText, good), good);
  EXPECT_EQ(Message(LogFormat::kJson, good), good);
  EXPECT_EQ(Message(LogFormat::kText, "a\xFF\xC3"), "a\\xff\\xc3");
  EXPECT_EQ(Message(LogFormat::kJson, "a\xFF\xC3"), "a\\ufffd\\ufffd");
}

TEST(LogLine, IsPrintableUtf8WhateverTheBytes) {
  std::string all;
  for (int high = 0; high < 256; ++high) {
    for (int low = 0; low < 256; low += 3) {
      all.push_back(static_cast<char>(high));
      all.push_back(static_cast<char>(low));
    }
  }
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = Line(format, all);
    EXPECT_TRUE(IsUtf8(line));
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      ASSERT_GE(static_cast<unsigned char>(line[i]), 0x20) << i;
    }
    EXPECT_EQ(line.back(), '\n');
  }
}

}  // namespace
}  // namespace kache
