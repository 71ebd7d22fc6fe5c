#include "security/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

TEST(Sha256, IsTheStandardsOne) {
  EXPECT_EQ(
      Sha256Of("abc"),
      Sha256FromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad").value());
  EXPECT_EQ(
      Sha256Of(""),
      Sha256FromHex("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855").value());
}

TEST(Sha256, HexIsStrict) {
  EXPECT_FALSE(Sha256FromHex(""));
  EXPECT_FALSE(Sha256FromHex(std::string(63, '0')));
  EXPECT_FALSE(Sha256FromHex(std::string(65, '0')));
  EXPECT_FALSE(Sha256FromHex(std::string(63, '0') + "g"));
  EXPECT_TRUE(Sha256FromHex(std::string(64, '0')));
}

TEST(Sha256, ComparesEveryByte) {
  const Sha256 a = Sha256Of("a");
  for (size_t i = 0; i < a.size(); ++i) {
    Sha256 b = a;
    EXPECT_TRUE(EqualInConstantTime(a, b));
    b[i] ^= 1;
    EXPECT_FALSE(EqualInConstantTime(a, b));
  }
}

}  // namespace
}  // namespace kache
