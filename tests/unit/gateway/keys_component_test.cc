// Keys and batches through the whole gateway: real sockets on both sides, a fake server behind.
#include <gmock/gmock.h>

#include "base/strings.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

class Rest : public GatewayTest {
 protected:
  void SetUp() override { StartReadyGateway(); }

  RawResponse PutJson(std::string_view target, std::string_view body) const {
    return Ask("PUT", target, body, kJson);
  }
  RawResponse PostJson(std::string_view target, std::string_view body) const {
    return Ask("POST", target, body, kJson);
  }
};

TEST_F(Rest, PutThenGetAsJson) {
  kache_.SetKnowsStamps(false);  // its own versions are known beforehand
  const RawResponse put = PutJson("/api/v1/keys/user:1", R"({"value":"Ada","ttl":60})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body,
            R"({"key":"user:1","version":"0190000000000001-abcdef0123456789",)"
            R"("acknowledged":1,"required":1,"degraded":false,"expiresAt":1700000060000})");
  EXPECT_EQ(put.Header("kache-version"), "0190000000000001-abcdef0123456789");
  EXPECT_EQ(put.Header("kache-expires-at"), "1700000060000");
  EXPECT_EQ(kache_.last_put().ttl_ms(), 60'000);

  const RawResponse get = Ask("GET", "/api/v1/keys/user:1");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.Header("content-type"), "application/json");
  EXPECT_EQ(get.Header("etag"), "W/\"0190000000000001-abcdef0123456789\"");
  EXPECT_EQ(get.Header("cache-control"), "private, no-cache");
  EXPECT_EQ(get.Header("kache-node"), FakeKache::kNodeName);
  EXPECT_EQ(get.body,
            R"({"key":"user:1","value":"Ada","ttl":60,)"
            R"("version":"0190000000000001-abcdef0123456789","acknowledged":1,"required":1,)"
            R"("degraded":false,"node":"cache-a","expiresAt":1700000060000})");
}

TEST_F(Rest, AsksOnceForTheNamesOfNodes) {
  EXPECT_EQ(kache_.status_calls(), 0);
  for (int i = 0; i < 3; ++i) {
    const RawResponse miss = Ask("GET", "/api/v1/keys/none");
    EXPECT_EQ(miss.status, 404);
    EXPECT_EQ(miss.Header("kache-node"), FakeKache::kNodeName);
  }
  EXPECT_THAT(PostJson("/api/v1/keys:batchGet", R"({"keys":["a","b"]})").body,
              HasSubstr(R"({"key":"b","found":false,"acknowledged":1,"required":1,)"
                        R"("degraded":false,"node":"cache-a","expiresAt":0})"));
  EXPECT_EQ(kache_.status_calls(), 1);
}

TEST_F(Rest, AnyBytesAsKeyAndValue) {
  std::string every_byte;
  std::string key;
  for (int i = 0; i < 256; ++i) {
    every_byte.push_back(static_cast<char>(i));
    Append(&key, "%", absl::Hex(i, absl::kZeroPad2));
  }
  ASSERT_EQ(Ask("PUT", "/api/v1/keys/" + key, every_byte).status, 200);
  EXPECT_TRUE(kache_.Holds(every_byte));
  const RawResponse raw =
      Ask("GET", "/api/v1/keys/" + key, "", "Accept: application/octet-stream\r\n");
  EXPECT_EQ(raw.Header("content-type"), "application/octet-stream");
  EXPECT_EQ(raw.body, every_byte);
  const RawResponse json = Ask("GET", "/api/v1/keys/" + key);
  EXPECT_THAT(json.body, HasSubstr(R"("keyEncoding":"base64","value":"AAECAwQF)"));
  EXPECT_THAT(json.body, HasSubstr(R"(","encoding":"base64",)"));
}

TEST_F(Rest, KeysAreDecodedOnceAndNotNormalised) {
  for (const auto& [path, key] : std::map<std::string, std::string>{{"a%2Fb", "a/b"},
                                                                    {"%252F", "%2F"},
                                                                    {"a+b", "a+b"},
                                                                    {"..", ".."},
                                                                    {"%2e%2E", ".."},
                                                                    {"a;b=c,d@e:f", "a;b=c,d@e:f"},
                                                                    {"%C3%A9", "é"}}) {
    EXPECT_EQ(Ask("PUT", "/api/v1/keys/" + path, "v").status, 200) << path;
    EXPECT_TRUE(kache_.Holds(key)) << path;
  }
  const RawResponse slash = Ask("PUT", "/api/v1/keys/a/b", "v");
  EXPECT_EQ(slash.status, 404);
  EXPECT_THAT(slash.body, HasSubstr("%2F"));
  EXPECT_EQ(Ask("GET", "http://anywhere:80/api/v1/keys/a%2Fb").status, 200);
}

TEST_F(Rest, DeleteSucceedsAlsoForWhatIsNotThere) {
  Ask("PUT", "/api/v1/keys/k", "v");
  EXPECT_EQ(Ask("DELETE", "/api/v1/keys/k").status, 200);
  EXPECT_EQ(Ask("DELETE", "/api/v1/keys/k").status, 200);
  const RawResponse miss = Ask("GET", "/api/v1/keys/k");
  EXPECT_EQ(miss.status, 404);
  EXPECT_EQ(miss.body, R"({"error":{"code":"KEY_NOT_FOUND","message":"there is no such key"}})");
}

TEST_F(Rest, HeadIsGetWithoutTheBody) {
  PutJson("/api/v1/keys/k", R"({"value":"v"})");
  const RawResponse get = Ask("GET", "/api/v1/keys/k");
  const RawResponse head = Ask("HEAD", "/api/v1/keys/k");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(head.Header("etag"), get.Header("etag"));
  EXPECT_EQ(Ask("HEAD", "/api/v1/keys/none").status, 404);
}

TEST_F(Rest, AnswersNotModifiedToWhoHasIt) {
  const std::string version = Ask("PUT", "/api/v1/keys/k", "v").Header("kache-version");
  const std::string matches = "If-None-Match: \"other\", W/\"" + version + "\"\r\n";
  RawHttpClient client(port());
  EXPECT_EQ(client.Ask("HEAD", "/api/v1/keys/k", "", matches).status, 304);
  const RawResponse same = client.Ask("GET", "/api/v1/keys/k", "", matches);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.Header("etag"), Concat("W/\"", version, "\""));
  EXPECT_EQ(same.Header("content-length"), "");
  Ask("PUT", "/api/v1/keys/k", "newer");
  EXPECT_EQ(client.Ask("GET", "/api/v1/keys/k", "", matches).status, 200);
  EXPECT_EQ(client.Ask("GET", "/api/v1/keys/none", "", "If-None-Match: *\r\n").status, 404);
}

TEST_F(Rest, APutsETagIsThatOfTheBytes) {
  const std::string etag = Ask("PUT", "/api/v1/keys/k", "v").Header("etag");
  const std::string raw = "Accept: application/octet-stream\r\n";
  EXPECT_EQ(Ask("GET", "/api/v1/keys/k", "", raw).Header("etag"), etag);
  const std::string matches = Concat("If-None-Match: ", etag, "\r\n");
  EXPECT_EQ(Ask("GET", "/api/v1/keys/k", "", raw + matches).status, 304);
  EXPECT_EQ(Ask("GET", "/api/v1/keys/k", "", matches).status, 200);
}

TEST_F(Rest, NoAnswerIsToBeTakenForAnotherType) {
  const std::string raw = "Accept: application/octet-stream\r\n";
  for (const RawResponse& response :
       {Ask("PUT", "/api/v1/keys/k", "<script>"), Ask("GET", "/api/v1/keys/k"),
        Ask("GET", "/api/v1/keys/k", "", raw), Ask("HEAD", "/api/v1/keys/k", "", raw),
        PostJson("/api/v1/keys:batchGet", R"({"keys":["k"]})"), Ask("DELETE", "/api/v1/keys/k"),
        Ask("GET", "/api/v1/keys/k"), Ask("GET", "/nowhere"), Ask("GET", "/metrics"),
        Ask("GET", "/")}) {
    EXPECT_EQ(response.Header("x-content-type-options"), "nosniff") << response.status;
  }
}

TEST_F(Rest, AStampGoesToTheServerAsItIs) {
  kache_.SetKnowsStamps(false);  // It would refuse one of long ago.
  constexpr std::string_view kStamp = "Kache-Stamp: 0190a1b2c3d40007-5e4f3a2b1c0d;made-at=5\r\n";
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v", kStamp).status, 200);
  EXPECT_EQ(kache_.last_put().stamp().timestamp(), 0x0190a1b2c3d40007u);
  EXPECT_EQ(kache_.last_put().stamp().clock(), 0x5e4f3a2b1c0d0000u);
  EXPECT_EQ(kache_.last_put().stamp().made_at_unix_ms(), 5);
  const int calls = kache_.calls();
  const RawResponse bad = Ask("PUT", "/api/v1/keys/k", "v", "Kache-Stamp: soon\r\n");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, HasSubstr("BAD_STAMP"));
  EXPECT_EQ(kache_.calls(), calls);
}

TEST_F(Rest, EverySpellingOfAPathReachesItsRoute) {
  EXPECT_EQ(Ask("PUT", "/api/v1/%6Beys/%61?", "v").status, 200);
  EXPECT_TRUE(kache_.Holds("a"));
  EXPECT_EQ(Ask("GET", "/api/v1/keys/a?&consistency=one&").status, 200);
  EXPECT_EQ(PostJson("/api/v1/keys%3AbatchGet", R"({"keys":["a"]})").status, 200);
  EXPECT_EQ(Ask("GET", "/%73tatus").status, 200);
  EXPECT_EQ(Ask("GET", "/assets/%70age.css").status, 200);
  EXPECT_EQ(Ask("GET", "/api/v1%2Fkeys/a").status, 404);
}

TEST_F(Rest, NothingIsWrittenWhenTheRequestIsBad) {
  for (const char* body :
       {"", "{", R"({"value":"v","ttl":-1})", R"({"value":"v","ttl":1.5})",
        R"({"value":"v","ttl":"60"})", R"({"value":"v","tll":60})", R"({"value":"v"}x)"}) {
    EXPECT_EQ(PutJson("/api/v1/keys/k", body).status, 400) << body;
  }
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k?ttl=-1", "v").status, 400);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k?unknown=1", "v").status, 400);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/", "v").status, 400);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/%zz", "v").status, 400);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/" + std::string(1025, 'k'), "v").status, 400);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v", "If-None-Match: *\r\n").status, 501);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v", "If-Match: \"a\"\r\n").status, 501);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v", "Content-Encoding: gzip\r\n").status, 415);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v", "Kache-Timeout-Ms: soon\r\n").status, 400);
  EXPECT_EQ(kache_.calls(), 0);
}

TEST_F(Rest, ValuesUpToTheLimit) {
  const std::string largest(1024 * 1024, '\x01');
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/raw", largest).status, 200);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/raw", largest + "x").status, 413);
  // Every byte of the value takes six in JSON, both ways.
  std::string json = R"({"value":")";
  for (size_t i = 0; i < largest.size(); ++i) json += "\\u0001";
  EXPECT_EQ(PutJson("/api/v1/keys/json", Concat(json, "\"}")).status, 200);
  EXPECT_EQ(kache_.last_put().value(), largest);
  EXPECT_EQ(PutJson("/api/v1/keys/json", Concat(json, "x\"}")).status, 413);
  EXPECT_GT(Ask("GET", "/api/v1/keys/json").body.size(), 6 * largest.size());
}

TEST_F(Rest, PassesOptionsOnAndRefusalsBack) {
  Ask("GET", "/api/v1/keys/k?consistency=one&min_version=0000000000000001-0000000000000002", "",
      "Kache-Timeout-Ms: 700\r\n");
  EXPECT_EQ(kache_.last_get().consistency(), v1::CONSISTENCY_ONE);
  EXPECT_EQ(kache_.last_get().min_version().clock(), 2u);
  EXPECT_LT(kache_.last_timeout(), absl::Seconds(3));  // the default is 5
  kache_.FailNext(1, grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "quorums are not offered yet"));
  const RawResponse refused = Ask("GET", "/api/v1/keys/k?consistency=quorum");
  EXPECT_EQ(refused.status, 501);
  EXPECT_THAT(refused.body, HasSubstr("quorums are not offered yet"));
}

TEST_F(Rest, OtherMethodsAndPaths) {
  const RawResponse patch = Ask("PATCH", "/api/v1/keys/k");
  EXPECT_EQ(patch.status, 405);
  EXPECT_EQ(patch.Header("allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(Ask("FROB", "/ping").status, 405);
  EXPECT_EQ(Ask("GET", "/api/v1/keys:batchGet").Header("allow"), "POST");
  EXPECT_EQ(Ask("GET", "/api").status, 404);
  EXPECT_EQ(Ask("OPTIONS", "*").status, 400);
}

TEST_F(Rest, BatchesAnswerInOrder) {
  kache_.SetKnowsStamps(false);  // its own versions are known beforehand
  const RawResponse put =
      PostJson("/api/v1/keys:batchPut",
               R"({"entries":[{"key":"a","value":"1","ttl":9},{"key":"","value":"x"},)"
               R"({"key":"/w==","keyEncoding":"base64","value":"/w==","encoding":"base64"}]})");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.body,
            R"({"results":[{"key":"a","version":"0190000000000001-abcdef0123456789",)"
            R"("acknowledged":1,"required":1,"degraded":false,"expiresAt":1700000009000},)"
            R"({"key":"","error":{"code":"INVALID_ARGUMENT","message":"the key is empty"}},)"
            R"({"key":"/w==","keyEncoding":"base64",)"
            R"("version":"0190000000000002-abcdef0123456789",)"
            R"("acknowledged":1,"required":1,"degraded":false,"expiresAt":0}]})");
  EXPECT_TRUE(kache_.Holds("\xff"));

  const RawResponse get = PostJson("/api/v1/keys:batchGet",
                                   R"({"keys":["/w==","YQ==","eg=="],"keyEncoding":"base64"})");
  EXPECT_EQ(get.status, 200);
  EXPECT_THAT(get.body, HasSubstr(R"([{"key":"/w==","keyEncoding":"base64","found":true,)"
                                  R"("value":"/w==","encoding":"base64","ttl":0,)"));
  EXPECT_THAT(get.body, HasSubstr(R"({"key":"YQ==","keyEncoding":"base64","found":true,)"
                                  R"("value":"1","ttl":9,)"));
  EXPECT_THAT(get.body, HasSubstr(R"({"key":"eg==","keyEncoding":"base64","found":false,)"));

  EXPECT_EQ(PostJson("/api/v1/keys:batchDelete", R"({"keys":["a","none"]})").status, 200);
  EXPECT_FALSE(kache_.Holds("a"));
}

TEST_F(Rest, BatchGetAsksAgainUntilItHasAll) {
  kache_.SetBatchBytes(10);
  std::string keys;
  for (int i = 0; i < 20; ++i) {
    Ask("PUT", Concat("/api/v1/keys/k", i), "12345");
    Append(&keys, i == 0 ? "" : ",", "\"k", i, "\"");
  }
  const int calls_before = kache_.calls();
  const RawResponse get = PostJson("/api/v1/keys:batchGet", Concat("{\"keys\":[", keys, "]}"));
  EXPECT_EQ(get.status, 200);
  EXPECT_THAT(get.body, testing::Not(HasSubstr("error")));
  EXPECT_THAT(get.body, HasSubstr(R"({"key":"k19","found":true,"value":"12345",)"));
  EXPECT_EQ(kache_.calls() - calls_before, 10);
}

TEST_F(Rest, BadBatchesAreRefusedAsAWhole) {
  EXPECT_EQ(Ask("POST", "/api/v1/keys:batchGet", R"({"keys":["a"]})").status, 415);
  EXPECT_EQ(PostJson("/api/v1/keys:batchGet", R"({"keys":"a"})").status, 400);
  std::string keys = "\"k\"";
  for (int i = 0; i < 1000; ++i) keys.append(",\"k\"");
  EXPECT_EQ(PostJson("/api/v1/keys:batchGet", Concat("{\"keys\":[", keys, "]}")).status, 400);
  EXPECT_EQ(kache_.calls(), 0);
}

}  // namespace
}  // namespace kache::gateway
