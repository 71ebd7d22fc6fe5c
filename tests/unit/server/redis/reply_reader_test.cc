#include "server/redis/reply_reader.h"

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include <random>
#include <string>
#include <vector>

#include "tests/testing/seed.h"

namespace kache::redis {
namespace {

using Result = ReplyReader::Result;
using namespace std::string_literals;

std::vector<Reply> ReadAll(ReplyReader& reader, std::string_view bytes) {
  std::vector<Reply> replies;
  Reply reply;
  for (reader.Feed(bytes); reader.Next(reply) == Result::kReply;) replies.push_back(reply);
  return replies;
}

// One of each: what a stream cut anywhere must come out as.
const std::string kBytes =
    "+OK\r\n-ERR no\r\n:-42\r\n$5\r\na\r\n\0b\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n"
    "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n+s\r\n"s;

void ExpectStream(const std::vector<Reply>& replies) {
  ASSERT_EQ(replies.size(), 9u);
  EXPECT_EQ(replies[0].type, Reply::Type::kStatus);
  EXPECT_EQ(replies[0].text, "OK");
  EXPECT_TRUE(replies[1].IsError());
  EXPECT_EQ(replies[1].text, "ERR no");
  EXPECT_EQ(replies[2].type, Reply::Type::kInteger);
  EXPECT_EQ(replies[2].integer, -42);
  EXPECT_EQ(replies[3].type, Reply::Type::kString);
  EXPECT_EQ(replies[3].text, std::string("a\r\n\0b", 5));
  EXPECT_TRUE(replies[4].IsNil());
  EXPECT_EQ(replies[5].type, Reply::Type::kString);
  EXPECT_EQ(replies[5].text, "");
  EXPECT_TRUE(replies[6].IsNil());
  EXPECT_EQ(replies[7].type, Reply::Type::kArray);
  EXPECT_TRUE(replies[7].elements.empty());
  const std::vector<Reply>& elements = replies[8].elements;
  ASSERT_EQ(elements.size(), 3u);
  EXPECT_EQ(elements[0].integer, 1);
  ASSERT_EQ(elements[1].elements.size(), 2u);
  EXPECT_EQ(elements[1].elements[0].text, "x");
  EXPECT_TRUE(elements[1].elements[1].IsNil());
  EXPECT_EQ(elements[2].text, "s");
}

TEST(ReplyReader, ReadsEveryTypeAtOnce) {
  ReplyReader reader;
  ExpectStream(ReadAll(reader, kBytes));
}

TEST(ReplyReader, ReadsByteByByte) {
  ReplyReader reader;
  std::vector<Reply> replies;
  for (char byte : kBytes) {
    for (Reply& reply : ReadAll(reader, {&byte, 1})) replies.push_back(std::move(reply));
  }
  ExpectStream(replies);
}

TEST(ReplyReader, ReadsWhatIsCutAnywhere) {
  for (size_t cut = 0; cut <= kBytes.size(); ++cut) {
    ReplyReader reader;
    std::vector<Reply> replies = ReadAll(reader, kBytes.substr(0, cut));
    for (Reply& reply : ReadAll(reader, kBytes.substr(cut))) replies.push_back(std::move(reply));
    ExpectStream(replies);
  }
}

TEST(ReplyReader, ReadsAHugeValueInPortions) {
  const std::string value(5 << 20, 'v');
  const std::string wire = fmt::format("${}\r\n{}\r\n:7\r\n", value.size(), value);
  ReplyReader reader;
  std::vector<Reply> replies;
  for (size_t at = 0; at < wire.size(); at += 65536) {
    for (Reply& reply : ReadAll(reader, std::string_view(wire).substr(at, 65536))) {
      replies.push_back(std::move(reply));
    }
  }
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].text, value);
  EXPECT_EQ(replies[1].integer, 7);
}

TEST(ReplyReader, ReadsTenThousandRepliesOfOneFeed) {
  std::string wire;
  for (int i = 0; i < 10000; ++i) wire += fmt::format(":{}\r\n", i);
  ReplyReader reader;
  const std::vector<Reply> replies = ReadAll(reader, wire);
  ASSERT_EQ(replies.size(), 10000u);
  for (int i = 0; i < 10000; ++i) ASSERT_EQ(replies[static_cast<size_t>(i)].integer, i);
}

TEST(ReplyReader, TakesALengthForAClaimOnly) {
  ReplyReader reader;
  EXPECT_TRUE(ReadAll(reader, "*2147483647\r\n:1\r\n").empty());
  EXPECT_EQ(reader.error(), "");
}

class BrokenStream : public ::testing::TestWithParam<const char*> {};

TEST_P(BrokenStream, EndsTheReader) {
  ReplyReader reader;
  std::string wire(GetParam());
  if (wire == "endless line") wire = std::string(100000, 'x').insert(0, "+");
  if (wire == "endless length") wire = std::string(100000, '1').insert(0, "$");
  if (wire == "deep nesting") {
    wire.clear();
    for (int i = 0; i < 100000; ++i) wire += "*1\r\n";
  }
  EXPECT_TRUE(ReadAll(reader, wire).empty());
  EXPECT_NE(reader.error(), "");
  EXPECT_TRUE(ReadAll(reader, "+OK\r\n").empty()) << "broken is broken for good";
}

// But for RESP3's null, which newer versions of hiredis read as RESP2's.
INSTANTIATE_TEST_SUITE_P(Each, BrokenStream,
                         ::testing::Values("HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01",
                                           ":not a number\r\n", "$5x\r\nhello\r\n", "$-2\r\n",
                                           "*-2\r\n", "*99999999999999999999\r\n",
                                           "$9223372036854775807\r\n", "$1099511627776\r\nabc",
                                           "%1\r\n+k\r\n+v\r\n", "#t\r\n", ",1.5\r\n",
                                           ">1\r\n+push\r\n", "~1\r\n+s\r\n", "=6\r\ntxt:ab\r\n",
                                           "endless line", "endless length", "deep nesting"));

TEST(ReplyReader, RefusesAReplyBeyondItsBound) {
  ReplyReader reader(10000);
  EXPECT_EQ(ReadAll(reader, "$9000\r\n" + std::string(9000, 'x') + "\r\n").size(), 1u);
  EXPECT_TRUE(ReadAll(reader, "$10001\r\n").empty());
  EXPECT_EQ(reader.error(), "a value too long");

  // Many small elements are a reply too long as well.
  ReplyReader other(10000);
  std::string wire = "*100000\r\n";
  for (int i = 0; i < 5000; ++i) wire += ":1\r\n";
  EXPECT_TRUE(ReadAll(other, wire).empty());
  EXPECT_EQ(other.error(), "a reply too long");
}

TEST(ReplyReader, SurvivesNoise) {
  std::mt19937_64 random(TestSeed());
  const std::string kAlphabet = "*$:+-012379\r\n%_#,>~=(|x\0"s;
  for (int round = 0; round < 20000; ++round) {
    ReplyReader reader(1 << 16);
    for (int feed = 0; feed < 3; ++feed) {
      std::string noise;
      for (size_t i = random() % 40; i > 0; --i) noise += kAlphabet[random() % kAlphabet.size()];
      ReadAll(reader, noise);
    }
  }
}

}  // namespace
}  // namespace kache::redis
