#include "security/bearer.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(TokenOf, TakesBearerInAnyCase) {
  for (const char* text : {"Bearer abc", "bearer abc", "BEARER  abc ", "Bearer abc\t"}) {
    EXPECT_EQ(TokenOf(text, Schemes::kBearer), "abc") << text;
  }
}

TEST(TokenOf, RefusesOtherForms) {
  for (const char* text : {"", "abc", "Bearer", "Bearer ", "Bearerabc", "Bearer\tabc", "Digest abc",
                           "Basic bWU6YWJj"}) {
    EXPECT_EQ(TokenOf(text, Schemes::kBearer), std::nullopt) << text;
  }
  EXPECT_EQ(TokenOf("Bearer " + std::string(10'000, 'a'), Schemes::kBearer), std::nullopt);
}

TEST(TokenOf, TakesBasicsPasswordWhereItMay) {
  const auto token = [](const char* text) { return TokenOf(text, Schemes::kBearerAndBasic); };
  EXPECT_EQ(token("Basic bWU6YWJj"), "abc");     // me:abc
  EXPECT_EQ(token("basic OmE6Yg=="), "a:b");     // :a:b
  EXPECT_EQ(token("Basic bWU="), std::nullopt);  // me
  EXPECT_EQ(token("Basic bWU6"), std::nullopt);  // me:
  EXPECT_EQ(token("Basic !"), std::nullopt);
  EXPECT_EQ(token("Bearer abc"), "abc");
}

TEST(IsToken, WantsWhatFitsAHeaderAndCannotBeGuessed) {
  EXPECT_TRUE(IsToken("0123456789abcdef"));
  EXPECT_FALSE(IsToken("0123456789abcde"));
  EXPECT_FALSE(IsToken("0123456789abcdef "));
  EXPECT_FALSE(IsToken("0123456789\nabcdef"));
  EXPECT_FALSE(IsToken("0123456789abcdef\xC3\xA9"));
  EXPECT_FALSE(IsToken(std::string(4097, 'a')));
}

}  // namespace
}  // namespace kache
