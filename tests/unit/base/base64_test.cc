#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

std::string Encoded(std::string_view bytes) {
  std::string text;
  AppendBase64(bytes, &text);
  return text;
}

TEST(Base64, EncodesTheVectorsOfTheRfc) {
  EXPECT_EQ(Encoded(""), "");
  EXPECT_EQ(Encoded("f"), "Zg==");
  EXPECT_EQ(Encoded("fo"), "Zm8=");
  EXPECT_EQ(Encoded("foo"), "Zm9v");
  EXPECT_EQ(Encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(Encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Encoded("\xff\xef\xbe"), "/+++");
}

TEST(Base64, DecodesWhatItEncodes) {
  std::string bytes;
  for (int size = 0; size < 300; ++size) {
    std::string decoded = "left over";
    ASSERT_TRUE(DecodeBase64(Encoded(bytes), &decoded));
    ASSERT_EQ(decoded, bytes);
    bytes.push_back(static_cast<char>(size * 7));
  }
}

TEST(Base64, RefusesAllOtherForms) {
  std::string decoded;
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9-", "=",
                           "====", "Z===", "Zg==Zg==", "Zm9v====", "Z=g="}) {
    EXPECT_FALSE(DecodeBase64(text, &decoded)) << text;
  }
}

}  // namespace
}  // namespace kache
