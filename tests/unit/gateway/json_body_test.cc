#include "gateway/handlers/json_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kMaxKeys = 3;

// The problem's code, or "" when there is none.
std::string CodeOf(JsonSchema schema, std::string_view text) {
  JsonBody body;
  const MaybeProblem problem = ParseJsonBody(schema, text, kMaxKeys, &body);
  if (problem) {
    EXPECT_EQ(problem->status, 400);
    EXPECT_FALSE(problem->message.empty());
  }
  return problem ? std::string(problem->code) : "";
}

std::string MessageOf(JsonSchema schema, std::string_view text) {
  JsonBody body;
  const MaybeProblem problem = ParseJsonBody(schema, text, kMaxKeys, &body);
  return problem ? problem->message : "";
}

TEST(PutBody, TakesValueTtlAndEncoding) {
  JsonBody body;
  ASSERT_FALSE(ParseJsonBody(
      JsonSchema::kPut, "  {\"ttl\": 60, \"value\": \"a\\u0000\\ud83d\\ude00\\n\"}\n ", 0, &body));
  EXPECT_EQ(body.top.value, std::string("a\0😀\n", 7));
  EXPECT_EQ(body.top.ttl_ms, 60'000);
  ASSERT_FALSE(
      ParseJsonBody(JsonSchema::kPut, R"({"value":"/w==","encoding":"base64"})", 0, &body));
  EXPECT_EQ(body.top.value, "\xff");
  EXPECT_EQ(body.top.ttl_ms, 0);
  ASSERT_FALSE(ParseJsonBody(JsonSchema::kPut, R"({"value":"","encoding":"utf8"})", 0, &body));
  EXPECT_EQ(body.top.value, "");
}

TEST(PutBody, TakesTtlsOfWholeSecondsOnly) {
  for (const char* ttl : {"0", "1", "3153600000"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string(R"({"value":"v","ttl":)") + ttl + "}"), "")
        << ttl;
  }
  for (const char* ttl :
       {"-1", "-0.0", "1.5", "60.0", "1e3", "\"60\"", "null", "true", "[1]", "{}", "3153600001",
        "9223372036854775807", "18446744073709551615", "99999999999999999999", "1e999"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string(R"({"value":"v","ttl":)") + ttl + "}"),
              "BAD_TTL")
        << ttl;
  }
}

TEST(PutBody, TakesLivesOfWholeMilliseconds) {
  JsonBody body;
  for (const char* ttl : {"0", "1", "250", "3153600000000"}) {
    ASSERT_FALSE(ParseJsonBody(JsonSchema::kPut,
                               std::string(R"({"value":"v","ttlMs":)") + ttl + "}", 0, &body))
        << ttl;
    EXPECT_EQ(std::to_string(body.top.ttl_ms), ttl);
  }
  for (const char* ttl : {"-1", "0.5", "250.0", "\"250\"", "null", "[250]", "3153600000001",
                          "18446744073709551615"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string(R"({"value":"v","ttlMs":)") + ttl + "}"),
              "BAD_TTL")
        << ttl;
  }
}

TEST(PutBody, TakesOneLife) {
  for (const char* lives : {R"("ttl":1,"ttlMs":1000)", R"("ttlMs":0,"ttl":0)"}) {
    const std::string entry = std::string(R"({"key":"k","value":"v",)") + lives + "}";
    EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string(R"({"value":"v",)") + lives + "}"), "BAD_TTL");
    EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, R"({"entries":[)" + entry + "]}"), "BAD_TTL");
  }
  // Each entry of a batch has its own.
  EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, R"({"entries":[{"key":"a","value":"v","ttl":1},)"
                                          R"({"key":"b","value":"v","ttlMs":1}]})"),
            "");
}

TEST(PutBody, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "value",
                           "{",
                           "}",
                           R"({"value":"v")",
                           R"({"value":"v"}x)",
                           R"({"value":"v"}{})",
                           R"({"value":"v",})",
                           R"({value:"v"})",
                           R"({'value':'v'})",
                           R"({"value":"v"/*c*/})",
                           "{\"value\":\"a\nb\"}",
                           "{\"value\":\"\xff\"}",
                           "{\"value\":\"\xc0\x80\"}",
                           "{\"value\":\"\xed\xa0\x80\"}",
                           R"({"value":"\ud800"})",
                           R"({"value":"\udc00"})",
                           R"({"value":"\ud800A"})",
                           R"({"value":"\x41"})",
                           R"({"value":"v","ttl":01})",
                           R"({"value":"v","ttl":+1})",
                           R"({"value":"v","ttl":NaN})",
                           "\xef\xbb\xbf{\"value\":\"v\"}",
                           R"({"value" "v"})"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kPut, text), "BAD_JSON") << text;
  }
  EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string_view("{\"value\":\"v\"}\0", 14)), "BAD_JSON");
}

TEST(PutBody, RefusesOtherShapes) {
  for (const char* text : {"null",
                           "[]",
                           "\"v\"",
                           "1",
                           "true",
                           "{}",
                           R"({"ttl":1})",
                           R"({"value":1})",
                           R"({"value":null})",
                           R"({"value":["v"]})",
                           R"({"value":{"a":1}})",
                           R"({"value":"v","Value":"w"})",
                           R"({"value":"v","x":{"deep":[[[[]]]]}})",
                           R"({"value":"v","value":"w"})",
                           R"({"value":"v","\u0076alue":"w"})",
                           R"({"value":"v","encoding":"base32"})",
                           R"({"value":"v","encoding":1})",
                           R"({"value":"v","key":"k"})",
                           R"({"value":"*","encoding":"base64"})",
                           R"({"value":"v","":1})"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kPut, text), "BAD_JSON") << text;
  }
  EXPECT_EQ(CodeOf(JsonSchema::kPut, std::string(100'000, '[')), "BAD_JSON");
  EXPECT_EQ(CodeOf(JsonSchema::kPut, R"({"value":"v",")" + std::string(100'000, 'x') + "\":1}"),
            "BAD_JSON");
}

TEST(PutBody, SaysWhatIsWrong) {
  EXPECT_EQ(MessageOf(JsonSchema::kPut, R"({"ttl":1})"), "the field \"value\" is missing");
  EXPECT_EQ(MessageOf(JsonSchema::kPut, R"({"value":"v","tll":1})"), "unknown field \"tll\"");
  EXPECT_EQ(MessageOf(JsonSchema::kPut, R"({"value":1})"), "\"value\" is a string");
  EXPECT_THAT(MessageOf(JsonSchema::kPut, R"({"value":"secret)"), HasSubstr("not JSON at byte"));
}

TEST(BatchBodies, ListKeys) {
  JsonBody body;
  ASSERT_FALSE(ParseJsonBody(JsonSchema::kBatchGet, R"({"keys":["a","","a"],"encoding":"base64"})",
                             kMaxKeys, &body));
  EXPECT_THAT(body.keys, ElementsAre("a", "", "a"));
  EXPECT_EQ(body.top.encoding, TextEncoding::kBase64);
  ASSERT_FALSE(ParseJsonBody(JsonSchema::kBatchDelete,
                             R"({"keyEncoding":"base64","keys":["/w=="]})", kMaxKeys, &body));
  EXPECT_THAT(body.keys, ElementsAre("\xff"));
  ASSERT_FALSE(ParseJsonBody(JsonSchema::kBatchGet, R"({"keys":[]})", kMaxKeys, &body));
}

TEST(BatchBodies, ListEntries) {
  JsonBody body;
  ASSERT_FALSE(
      ParseJsonBody(JsonSchema::kBatchPut,
                    R"({"entries":[{"key":"a","value":"1","ttl":5},)"
                    R"({"value":"/w==","encoding":"base64","key":"YQ==","keyEncoding":"base64"}]})",
                    kMaxKeys, &body));
  ASSERT_EQ(body.entries.size(), 2u);
  EXPECT_EQ(body.entries[0].key, "a");
  EXPECT_EQ(body.entries[0].ttl_ms, 5'000);
  EXPECT_EQ(body.entries[1].key, "a");
  EXPECT_EQ(body.entries[1].value, "\xff");
  EXPECT_EQ(body.entries[1].ttl_ms, 0);
}

TEST(BatchBodies, CarryStamps) {
  JsonBody body;
  ASSERT_FALSE(ParseJsonBody(
      JsonSchema::kBatchPut,
      R"({"entries":[{"key":"a","stamp":"0190a1b2c3d40007-5e4f3a2b1c0d;made-at=5","value":"1"},)"
      R"({"key":"b","value":"2"}]})",
      kMaxKeys, &body));
  ASSERT_TRUE(body.entries[0].stamp.has_value());
  EXPECT_EQ(body.entries[0].stamp->timestamp(), 0x0190a1b2c3d40007u);
  EXPECT_EQ(body.entries[0].stamp->made_at_unix_ms(), 5);
  EXPECT_EQ(body.entries[0].value, "1");
  EXPECT_FALSE(body.entries[1].stamp.has_value());
  ASSERT_FALSE(ParseJsonBody(JsonSchema::kBatchDelete,
                             R"({"stamps":["0000000000000001-000000000001",)"
                             R"("0000000000000002-\u003000000000001"],"keys":["a","b"]})",
                             kMaxKeys, &body));
  ASSERT_EQ(body.stamps.size(), 2u);
  EXPECT_EQ(body.stamps[1].timestamp(), 2u);
  EXPECT_EQ(body.stamps[1].clock(), 0x10000u);
  EXPECT_THAT(body.keys, ElementsAre("a", "b"));
}

TEST(BatchBodies, RefuseBadStamps) {
  const std::string endless(100'000, '0');
  for (const std::string& stamp :
       {std::string("\"\""), std::string("\"1\""), "\"" + endless + "\"", std::string("1"),
        std::string("null"), std::string("[]"), std::string("{}")}) {
    EXPECT_EQ(CodeOf(JsonSchema::kBatchPut,
                     R"({"entries":[{"key":"a","value":"b","stamp":)" + stamp + "}]}"),
              "BAD_STAMP")
        << stamp;
    EXPECT_EQ(CodeOf(JsonSchema::kBatchDelete, R"({"keys":["a"],"stamps":[)" + stamp + "]}"),
              "BAD_STAMP")
        << stamp;
  }
  for (const char* text : {R"({"keys":["a"],"stamps":"0000000000000001-000000000001"})",
                           R"({"keys":["a"],"stamps":1})", R"({"keys":["a"],"stamps":{}})",
                           R"({"keys":["a"],"stamps":null})"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kBatchDelete, text), "BAD_STAMP") << text;
  }
  std::string many = R"({"keys":["a"],"stamps":[)";
  for (int i = 0; i < 4; ++i) many += R"("0000000000000001-000000000001",)";
  many.back() = ']';
  EXPECT_EQ(CodeOf(JsonSchema::kBatchDelete, many + "}"), "BAD_JSON");
  // Only where they belong.
  EXPECT_EQ(CodeOf(JsonSchema::kPut, R"({"value":"v","stamp":"0000000000000001-000000000001"})"),
            "BAD_JSON");
  EXPECT_EQ(CodeOf(JsonSchema::kBatchGet, R"({"keys":[],"stamps":[]})"), "BAD_JSON");
  EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, R"({"entries":[],"stamps":[]})"), "BAD_JSON");
}

TEST(BatchBodies, RefuseOtherShapes) {
  for (const char* text :
       {"{}", R"({"keys":"a"})", R"({"keys":[1]})", R"({"keys":[["a"]]})", R"({"keys":[{"a":1}]})",
        R"({"keys":["a"],"keys":["b"]})", R"({"keys":["a"],"ttl":1})", R"({"entries":[]})",
        R"({"keys":["a","b","c","d"]})", R"({"keys":["a"],"value":"v"})",
        R"({"keys":["*"],"keyEncoding":"base64"})"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kBatchGet, text), "BAD_JSON") << text;
  }
  for (const char* text :
       {"{}", R"({"entries":{}})", R"({"entries":[1]})", R"({"entries":["a"]})",
        R"({"entries":[[]]})", R"({"entries":[{}]})", R"({"entries":[{"key":"a"}]})",
        R"({"entries":[{"value":"a"}]})", R"({"entries":[{"key":"a","value":"b","key":"c"}]})",
        R"({"entries":[{"key":"a","value":"b","x":1}]})", R"({"keys":["a"]})",
        R"({"entries":[{"key":"a","value":{"key":"b"}}]})",
        R"({"entries":[{"key":"a","value":"b"}],"entries":[]})",
        R"({"entries":[{"key":"a","value":"b"}],"value":"c"})"}) {
    EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, text), "BAD_JSON") << text;
  }
  EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, R"({"entries":[{"key":"a","value":"b","ttl":-1}]})"),
            "BAD_TTL");
  std::string many = R"({"entries":[)";
  for (int i = 0; i < 4; ++i) many += R"({"key":"a","value":"b"},)";
  many.back() = ']';
  EXPECT_EQ(CodeOf(JsonSchema::kBatchPut, many + "}"), "BAD_JSON");
}

}  // namespace
}  // namespace kache::gateway
