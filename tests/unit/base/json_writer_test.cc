#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace kache {
namespace {

TEST(JsonString, EscapesWhatItMust) {
  std::string json;
  AppendJsonString(std::string_view("a\"b\\c\n\r\t\b\f\0\x1f/é\x7f", 16), &json);
  EXPECT_EQ(json, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0000\\u001f/é\x7f\"");
}

TEST(JsonWriter, WritesNestedDocuments) {
  JsonWriter json;
  json.BeginObject().Member("name", "a\"b").Member("up", true).Member("share", 0.25);
  json.Key("keys").BeginArray().Value(1).Value(std::string("x")).BeginObject().EndObject();
  json.EndArray().Key("none").BeginArray().EndArray().Member("id", ~uint64_t{0}).EndObject();
  EXPECT_EQ(json.text(), R"({"name":"a\"b","up":true,"share":0.25,"keys":[1,"x",{}],"none":[],)"
                         R"("id":18446744073709551615})");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  JsonWriter json;
  json.Value("a\xff\x62");
  EXPECT_EQ(json.text(), "\"a\xEF\xBF\xBD\x62\"");
}

TEST(JsonWriter, HasNoNumberForInfinity) {
  JsonWriter json;
  json.BeginArray().Value(1.0 / 3).Value(std::numeric_limits<double>::infinity()).EndArray();
  EXPECT_EQ(json.text(), "[0.333333,null]");
}

}  // namespace
}  // namespace kache
