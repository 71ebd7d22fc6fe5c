#include "gateway/handlers/json_text.h"

#include <gtest/gtest.h>

#include <string>

namespace kache::gateway {
namespace {

TEST(JsonText, GoesOverToBase64ForWhatIsNotText) {
  std::string json;
  AppendValueMember("text", TextEncoding::kUtf8, &json);
  EXPECT_EQ(json, R"("value":"text")");
  json.clear();
  AppendValueMember("\xff", TextEncoding::kUtf8, &json);
  EXPECT_EQ(json, R"("value":"/w==","encoding":"base64")");
  json.clear();
  AppendKeyMember("\xc0\x80", TextEncoding::kUtf8, &json);
  EXPECT_EQ(json, R"("key":"wIA=","keyEncoding":"base64")");
  json.clear();
  AppendKeyMember("k", TextEncoding::kBase64, &json);
  EXPECT_EQ(json, R"("key":"aw==","keyEncoding":"base64")");
}

}  // namespace
}  // namespace kache::gateway
