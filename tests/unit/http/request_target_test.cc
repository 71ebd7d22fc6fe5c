#include "http/request_target.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

std::string PathOf(std::string_view target) {
  RequestTarget result;
  return SplitTarget(target, &result).ok() ? std::string(result.path) : "(bad)";
}

TEST(SplitTarget, OriginForm) {
  RequestTarget target;
  ASSERT_TRUE(SplitTarget("/a/b?x=1?y", &target).ok());
  EXPECT_EQ(target.path, "/a/b");
  EXPECT_EQ(target.query, "x=1?y");
}

TEST(SplitTarget, AbsoluteForm) {
  EXPECT_EQ(PathOf("http://host:80/a/b?x"), "/a/b");
  EXPECT_EQ(PathOf("HTTPS://host/a"), "/a");
  EXPECT_EQ(PathOf("http://host"), "/");
}

TEST(SplitTarget, TellsTheAuthorityOfTheAbsoluteFormAlone) {
  RequestTarget target;
  ASSERT_TRUE(SplitTarget("http://host:80/a", &target).ok());
  EXPECT_EQ(target.authority, "host:80");
  ASSERT_TRUE(SplitTarget("http://user@host", &target).ok());
  EXPECT_EQ(target.authority, "user@host");
  ASSERT_TRUE(SplitTarget("/http://host/a", &target).ok());
  EXPECT_EQ(target.authority, "");
}

TEST(SplitTarget, RefusesOtherForms) {
  EXPECT_EQ(PathOf("*"), "(bad)");
  EXPECT_EQ(PathOf("host:443"), "(bad)");
  EXPECT_EQ(PathOf("ftp://host/a"), "(bad)");
  EXPECT_EQ(PathOf("/a#b"), "(bad)");
  EXPECT_EQ(PathOf("http://host?x"), "(bad)");
}

TEST(SplitTarget, NormalisesNothing) {
  EXPECT_EQ(PathOf("/a/../b/./c//d"), "/a/../b/./c//d");
  EXPECT_EQ(PathOf("//a"), "//a");
}

std::string Decoded(std::string_view text) {
  std::string decoded;
  return PercentDecode(text, &decoded) ? decoded : "(bad)";
}

TEST(PercentDecode, DecodesOnce) {
  EXPECT_EQ(Decoded("plain"), "plain");
  EXPECT_EQ(Decoded("a%2Fb%2fc"), "a/b/c");
  EXPECT_EQ(Decoded("%252F"), "%2F");
  EXPECT_EQ(Decoded("a+b%2B"), "a+b+");
  EXPECT_EQ(Decoded("%00%ff"), std::string("\0\xff", 2));
  EXPECT_EQ(Decoded(""), "");
}

TEST(PercentDecode, RefusesBadEscapes) {
  for (const char* text : {"%", "a%", "%2", "%g0", "%0g", "%%20", "% 20", "%u0041"}) {
    EXPECT_EQ(Decoded(text), "(bad)") << text;
  }
}

TEST(ParseQuery, SplitsAndDecodes) {
  QueryParameters parameters;
  ASSERT_TRUE(ParseQuery("a=1&b=%3D%26&c&d=", &parameters).ok());
  ASSERT_EQ(parameters.size(), 4u);
  EXPECT_EQ(parameters[0].name, "a");
  EXPECT_EQ(parameters[1].value, "=&");
  EXPECT_EQ(parameters[2].name, "c");
  EXPECT_EQ(parameters[3].value, "");
}

TEST(ParseQuery, RefusesRepeatedAndNamelessOnes) {
  QueryParameters parameters;
  for (const char* query : {"a=1&a=2", "a=1&%61=2", "=1", "a=1&=", "=", "a=%zz", "%=1"}) {
    EXPECT_FALSE(ParseQuery(query, &parameters).ok()) << query;
  }
}

TEST(ParseQuery, PassesOverEmptyParts) {
  QueryParameters parameters;
  for (const char* query : {"a=1&b=2", "a=1&b=2&", "&a=1&b=2", "a=1&&b=2", "&&a=1&&&b=2&&"}) {
    ASSERT_TRUE(ParseQuery(query, &parameters).ok()) << query;
    ASSERT_EQ(parameters.size(), 2u) << query;
    EXPECT_EQ(parameters[1].name, "b") << query;
  }
  for (const char* query : {"", "&", "&&&"}) {
    ASSERT_TRUE(ParseQuery(query, &parameters).ok()) << query;
    EXPECT_TRUE(parameters.empty()) << query;
  }
}

// What is left after the literal, or "(no)".
std::string After(std::string_view literal, std::string_view path) {
  return SkipLiteral(literal, &path) ? std::string(path) : "(no)";
}

TEST(SkipLiteral, TakesEverySpellingOfACharacter) {
  EXPECT_EQ(After("/keys/", "/keys/a%2Fb"), "a%2Fb");
  EXPECT_EQ(After("/keys/", "/%6Beys/a"), "a");
  EXPECT_EQ(After("/keys/", "/%6b%65y%73/"), "");
  EXPECT_EQ(After("/keys:get", "/keys%3Aget"), "");
  EXPECT_EQ(After("/keys:get", "/keys%3aget%20"), "%20");
  EXPECT_EQ(After("", "%41"), "%41");
}

TEST(SkipLiteral, ARawPercentSignIsAlwaysAnEscape) {
  EXPECT_EQ(After("/100%", "/100%25"), "");
  EXPECT_EQ(After("/100%", "/100%"), "(no)");
  EXPECT_EQ(After("/%25", "/%25"), "(no)");
}

TEST(SkipLiteral, ASlashIsOnlyASlashWhereItIsRaw) {
  EXPECT_EQ(After("/keys/", "/keys%2Fa"), "(no)");
  EXPECT_EQ(After("/keys/", "%2Fkeys/a"), "(no)");
}

TEST(SkipLiteral, RefusesOtherCharactersAndBadEscapes) {
  for (const char* path : {"", "/", "/key", "/Keys/", "/%4Beys/", "/%256Beys/", "/%6", "/%",
                           "/%6geys/", "/%%6beys/", "/%6B", "/+eys/"}) {
    EXPECT_EQ(After("/keys/", path), "(no)") << path;
  }
}

}  // namespace
}  // namespace kache
