#include "security/token_file.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace kache {
namespace {

constexpr char kHex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kOther[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string Mistake(std::string_view text) {
  return std::string(ParseTokenFile(text).status().message());
}

TEST(TokenFile, ReadsNamesRolesHashesAndLimits) {
  const auto entries = ParseTokenFile(Concat("# comment\n\n  web \t write ", kHex,
                                             " operations_per_second=50\r\nops admin ", kOther));
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0], (TokenEntry{"web", Role::kWrite, Sha256Of("abc"), 50}));
  EXPECT_EQ((*entries)[1], (TokenEntry{"ops", Role::kAdmin, Sha256Of(""), 0}));
}

TEST(TokenFile, NamesTheLineThatIsWrong) {
  EXPECT_EQ(Mistake(Concat("# x\nweb read ", kHex, "\nweb read ", kOther)),
            "line 3: the name stands there twice");
  EXPECT_EQ(Mistake(Concat("a read ", kHex, "\nb read ", kHex)),
            "line 2: the token stands there twice");
  EXPECT_EQ(Mistake("a read"), "line 1: a line is NAME ROLE SHA256 [operations_per_second=N]");
  EXPECT_EQ(Mistake(Concat("a root ", kHex)), "line 1: the role must be read, write or admin");
  EXPECT_EQ(Mistake(Concat("a none ", kHex)), "line 1: the role must be read, write or admin");
  EXPECT_EQ(Mistake(Concat("a/b read ", kHex)),
            "line 1: the name must be 1 to 64 letters, digits, '.', '_' and '-'");
  for (const char* limit : {"5", "operations_per_second=0", "operations_per_second=-1",
                            "operations_per_second=", "operations_per_second=5x"}) {
    EXPECT_EQ(Mistake(Concat("a read ", kHex, " ", limit)),
              "line 1: after the SHA-256 may stand operations_per_second=N only");
  }
}

TEST(TokenFile, NeverRepeatsWhatMayBeAToken) {
  for (const char* text : {"secret", "a read secret", "secret read x", "a secret x",
                           "a read secret secret secret secret"}) {
    EXPECT_NE(Mistake(text), "");
    EXPECT_EQ(Mistake(text).find("secret"), std::string::npos) << Mistake(text);
  }
}

TEST(TokenFile, WithoutATokenIsWrong) {
  EXPECT_EQ(Mistake(""), "there is no token in it");
  EXPECT_EQ(Mistake("# nothing\n\n"), "there is no token in it");
}

TEST(TokenFile, IsBounded) {
  std::string text;
  for (size_t i = 0; i <= kMaxTokens; ++i) {
    std::string hex(kHex);
    hex.replace(0, 4, Concat(absl::Dec(i + 1000, absl::kZeroPad4)));
    Append(&text, "t", i, " read ", hex, "\n");
  }
  EXPECT_EQ(Mistake(text), "line 257: more than 256 tokens are not offered");
}

}  // namespace
}  // namespace kache
