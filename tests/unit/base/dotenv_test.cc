#include "base/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace kache {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// The value of the only variable, or the mistake.
std::string ValueOf(std::string_view line) {
  const Dotenv dotenv = ParseDotenv(line);
  if (!dotenv.mistakes.empty()) return Concat("mistake: ", dotenv.mistakes.front().message);
  return dotenv.entries.size() == 1 ? dotenv.entries.front().value : "not one variable";
}

TEST(Dotenv, ReadsPlainValues) {
  EXPECT_EQ(ValueOf("A=b"), "b");
  EXPECT_EQ(ValueOf("A="), "");
  EXPECT_EQ(ValueOf("  A =  b c  "), "b c");
  EXPECT_EQ(ValueOf("\tA\t=\tb\t"), "b");
  EXPECT_EQ(ValueOf("A=b=c"), "b=c");
  EXPECT_EQ(ValueOf("A=it's"), "it's");
  EXPECT_EQ(ValueOf("A=$HOME\\n"), "$HOME\\n");
  EXPECT_EQ(ValueOf("A=localhost:6379, localhost:6380 ,localhost:6381"),
            "localhost:6379, localhost:6380 ,localhost:6381");
}

TEST(Dotenv, ReadsQuotedValues) {
  EXPECT_EQ(ValueOf(R"(A="localhost:6379, localhost:6380")"), "localhost:6379, localhost:6380");
  EXPECT_EQ(ValueOf(R"(A='localhost:6379, localhost:6380')"), "localhost:6379, localhost:6380");
  EXPECT_EQ(ValueOf(R"(A = " kept " )"), " kept ");
  EXPECT_EQ(ValueOf(R"(A="")"), "");
  EXPECT_EQ(ValueOf(R"(A='')"), "");
  EXPECT_EQ(ValueOf(R"(A="x # y" # z)"), "x # y");
  EXPECT_EQ(ValueOf(R"(A='say "hi"')"), "say \"hi\"");
  EXPECT_EQ(ValueOf(R"(A="a\n\r\t\"\\\$b")"), "a\n\r\t\"\\$b");
  EXPECT_EQ(ValueOf(R"(A='a\n\')"), "a\\n\\");
}

TEST(Dotenv, TakesExportAsAWordOnly) {
  EXPECT_EQ(ValueOf("export A=b"), "b");
  EXPECT_EQ(ValueOf("export \t A = b"), "b");
  EXPECT_THAT(ParseDotenv("exported=1\nexport=2\n").entries, SizeIs(2));
  EXPECT_THAT(ParseDotenv("export\n").mistakes, SizeIs(1));
  EXPECT_THAT(ParseDotenv("export A\n").mistakes, SizeIs(1));
}

TEST(Dotenv, DropsComments) {
  EXPECT_EQ(ValueOf("A=b # c"), "b");
  EXPECT_EQ(ValueOf("A=b\t#c"), "b");
  EXPECT_EQ(ValueOf("A=b#c"), "b#c");
  EXPECT_EQ(ValueOf("A=#c"), "#c");
  EXPECT_EQ(ValueOf("A= # c"), "");
  EXPECT_EQ(ValueOf("# B=1\n  # C=2\n\nA=b\n"), "b");
}

TEST(Dotenv, AcceptsCrlfAndAByteOrderMark) {
  EXPECT_EQ(ValueOf("\xEF\xBB\xBF"
                    "A=b\r\n"),
            "b");
  EXPECT_EQ(ValueOf("A=\"b\"\r\n"), "b");
  EXPECT_EQ(ValueOf("\r\nA=b\r\n\r\n"), "b");
}

TEST(Dotenv, TellsWhatIsWrong) {
  EXPECT_EQ(ValueOf("A"), "mistake: must be NAME=value");
  EXPECT_EQ(ValueOf("A=\"b"), "mistake: the closing quote is missing");
  EXPECT_EQ(ValueOf("A=\"b\\\""), "mistake: the closing quote is missing");
  EXPECT_EQ(ValueOf("A='b"), "mistake: the closing quote is missing");
  EXPECT_EQ(ValueOf("A=\""), "mistake: the closing quote is missing");
  EXPECT_EQ(ValueOf("A=\"b\" c"), "mistake: text after the closing quote");
  EXPECT_EQ(ValueOf("A=\"b\", \"c\""), "mistake: text after the closing quote");
  EXPECT_EQ(ValueOf(R"(A="\x")"), "mistake: a backslash that begins no known escape");
  EXPECT_EQ(ValueOf(R"(A="\)"), "mistake: a backslash that begins no known escape");
  EXPECT_EQ(ValueOf(std::string_view("A=b\0c", 5)), "mistake: a control character");
  EXPECT_EQ(ValueOf("A=b\x1B[31m"), "mistake: a control character");
  for (const std::string line : {"=b", "1A=b", "A-B=c", "A B=c", "\xC3\x84=b", "A.B=c"}) {
    EXPECT_EQ(ValueOf(line), "mistake: before the '=' must stand a name of letters, digits and '_'")
        << line;
  }
}

TEST(Dotenv, CountsLinesAndGoesOnAfterAMistake) {
  const Dotenv dotenv = ParseDotenv("A=1\n\nbad\n# x\nB=2\nA=3");
  ASSERT_THAT(dotenv.entries, SizeIs(3));
  EXPECT_EQ(dotenv.entries[0].line, 1);
  EXPECT_EQ(dotenv.entries[1].line, 5);
  EXPECT_EQ(dotenv.entries[1].name, "B");
  EXPECT_EQ(dotenv.entries[2].line, 6);
  ASSERT_THAT(dotenv.mistakes, SizeIs(1));
  EXPECT_EQ(dotenv.mistakes[0].line, 3);
}

TEST(Dotenv, StopsAfterAHundredMistakes) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "bad\n";
  EXPECT_THAT(ParseDotenv(text).mistakes, SizeIs(100));
}

TEST(Dotenv, HoldsNothingWhenTheTextIsEmpty) {
  EXPECT_THAT(ParseDotenv("").entries, IsEmpty());
  EXPECT_THAT(ParseDotenv("\n\n").mistakes, IsEmpty());
}

}  // namespace
}  // namespace kache
