#include "base/request_name.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kache {
namespace {

constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string With(size_t position, char c) {
  std::string text = kTraceparent;
  text[position] = c;
  return text;
}

TEST(RequestName, IdsAreShortAndPlain) {
  EXPECT_TRUE(IsRequestId("a"));
  EXPECT_TRUE(IsRequestId("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
  EXPECT_TRUE(IsRequestId("A.b_c-d~e:f/g+h=i@0"));
  EXPECT_TRUE(IsRequestId(std::string(128, 'x')));
  EXPECT_FALSE(IsRequestId(""));
  EXPECT_FALSE(IsRequestId(std::string(129, 'x')));
  for (const char* bad : {"a b", "a\n", "a\"", "a,b", "\xC3\xA9", "a;b", "<a>", "a\x7F"}) {
    EXPECT_FALSE(IsRequestId(bad)) << bad;
  }
  EXPECT_FALSE(IsRequestId(std::string_view("a\0b", 3)));
}

TEST(RequestName, TraceparentsAreThoseOfTheStandard) {
  EXPECT_TRUE(IsTraceparent(kTraceparent));
  EXPECT_TRUE(IsTraceparent("01" + std::string(kTraceparent).substr(2)));
  EXPECT_TRUE(IsTraceparent("cc" + std::string(kTraceparent).substr(2) + "-what-comes-later"));
  EXPECT_FALSE(IsTraceparent(""));
  EXPECT_FALSE(IsTraceparent(std::string(kTraceparent) + "-more"));
  EXPECT_FALSE(IsTraceparent("cc" + std::string(kTraceparent).substr(2) + "more"));
  EXPECT_FALSE(IsTraceparent("cc" + std::string(kTraceparent).substr(2) + "-a b"));
  EXPECT_FALSE(IsTraceparent("ff" + std::string(kTraceparent).substr(2)));
  EXPECT_FALSE(IsTraceparent(std::string(kTraceparent).substr(0, 54)));
  EXPECT_FALSE(IsTraceparent("00-" + std::string(32, '0') + "-00f067aa0ba902b7-01"));
  EXPECT_FALSE(
      IsTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(16, '0') + "-01"));
  for (const size_t position : {0u, 2u, 3u, 34u, 35u, 36u, 51u, 52u, 53u, 54u}) {
    EXPECT_FALSE(IsTraceparent(With(position, 'G'))) << position;
    EXPECT_FALSE(IsTraceparent(With(position, 'A'))) << position;
  }
}

TEST(RequestName, NumbersDiffer) {
  std::set<uint64_t> numbers;
  for (int i = 0; i < 10000; ++i) numbers.insert(NewRequestNumber());
  EXPECT_EQ(numbers.size(), 10000u);
  EXPECT_EQ(numbers.count(0), 0u);
}

TEST(RequestName, IsShownAsLinesEnd) {
  RequestName name;
  EXPECT_EQ(name.IdText(), "");
  EXPECT_EQ(name.LogText(), "");
  name.number = 0xABC;
  EXPECT_EQ(name.IdText(), "0000000000000abc");
  EXPECT_EQ(name.LogText(), " request_id=0000000000000abc");
  name.number = 0;
  name.id = "r-17";
  name.traceparent = kTraceparent;
  EXPECT_EQ(name.IdText(), "r-17");
  EXPECT_EQ(name.LogText(), " request_id=r-17 trace_id=4bf92f3577b34da6a3ce929d0e0e4736");
}

}  // namespace
}  // namespace kache
