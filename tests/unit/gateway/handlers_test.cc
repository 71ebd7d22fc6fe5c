// Handlers over a fake upstream: what they ask of it, and what they make of its answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "base/error_details.h"
#include "gateway/handlers/batch.h"
#include "gateway/handlers/keys.h"
#include "gateway/handlers/status.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Handlers : public testing::Test {
 protected:
  using Method = void (KeysHandler::*)(HttpRequest&, Responder) const;

  // Runs a handler for a key and returns its answer, if there is one yet.
  const std::optional<HttpResponse>& Run(Method method, std::string_view parameter,
                                         std::string_view query = "") {
    request_.parameter = parameter;
    request_.query = query;
    kept_ = std::make_shared<KeptResponse>();
    (keys_.*method)(request_, Responder(kept_));
    return kept_->response;
  }

  int StatusOf(Method method, std::string_view parameter, std::string_view query = "") {
    const auto& response = Run(method, parameter, query);
    return response ? response->status : 0;
  }

  void AnswerGet(std::string value, int64_t ttl_ms = 0) {
    v1::GetResponse response;
    response.set_found(true);
    response.set_value(std::move(value));
    response.set_ttl_ms(ttl_ms);
    response.mutable_receipt()->mutable_version()->set_timestamp(1);
    upstream_.gets.back().done(std::move(response));
  }

  void AnswerPut() {
    v1::PutResponse response;
    response.mutable_receipt()->mutable_version()->set_timestamp(1);
    upstream_.puts.back().done(std::move(response));
  }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  KeysHandler keys_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_;
};

TEST_F(Handlers, ReadOptionsOfAGet) {
  request_.headers.Add("Kache-Timeout-Ms", "250");
  request_.worker = 3;
  const auto before = std::chrono::steady_clock::now();
  Run(&KeysHandler::Get, "a%00b",
      "consistency=quorum&min_version=0000000000000001-000000000000000f");
  ASSERT_EQ(upstream_.gets.size(), 1u);
  const auto& call = upstream_.gets.back();
  EXPECT_EQ(call.request.key(), std::string("a\0b", 3));
  EXPECT_EQ(call.request.consistency(), v1::CONSISTENCY_QUORUM);
  EXPECT_EQ(call.request.min_version().timestamp(), 1u);
  EXPECT_EQ(call.request.min_version().clock(), 15u);
  EXPECT_EQ(call.options.lane, 3u);
  EXPECT_GE(call.options.deadline, before + std::chrono::milliseconds(250));
  EXPECT_LT(call.options.deadline, before + std::chrono::seconds(30));
}

TEST_F(Handlers, RefuseBadKeysAndQueries) {
  const std::string longest(1024, 'k');
  EXPECT_EQ(StatusOf(&KeysHandler::Get, longest), 0);
  for (const std::string& key :
       {std::string(), longest + "k", std::string("%"), std::string("%zz")}) {
    EXPECT_EQ(StatusOf(&KeysHandler::Get, key), 400) << key;
    EXPECT_EQ(StatusOf(&KeysHandler::Put, key), 400) << key;
    EXPECT_EQ(StatusOf(&KeysHandler::Delete, key), 400) << key;
  }
  for (const char* query :
       {"ttl=5", "consistency=two", "consistency=ONE", "consistency", "min_version=1", "x=1",
        "consistency=one&consistency=one", "Consistency=one", "%"}) {
    EXPECT_EQ(StatusOf(&KeysHandler::Get, "k", query), 400) << query;
  }
  for (const char* query : {"ttl=-1", "ttl=1.5", "ttl=", "ttl=+1", "ttl= 1", "ttl=3153600001",
                            "ttl=99999999999999999999", "min_version=0"}) {
    EXPECT_EQ(StatusOf(&KeysHandler::Put, "k", query), 400) << query;
  }
  EXPECT_EQ(upstream_.gets.size(), 1u);
  EXPECT_TRUE(upstream_.puts.empty());
  EXPECT_TRUE(upstream_.deletes.empty());
}

TEST_F(Handlers, RefuseBadTimeouts) {
  for (const char* timeout : {"0", "-1", "1.5", "60001", "", "1s", "99999999999999999999"}) {
    request_.Clear();
    request_.headers.Add("kache-timeout-ms", timeout);
    EXPECT_EQ(StatusOf(&KeysHandler::Get, "k"), 400) << timeout;
  }
  request_.Clear();
  request_.headers.Add("Kache-Timeout-Ms", "1");
  request_.headers.Add("Kache-Timeout-Ms", "2");
  EXPECT_EQ(StatusOf(&KeysHandler::Get, "k"), 400);
}

TEST_F(Handlers, RefuseConditionsThatCannotBeKept) {
  request_.headers.Add("If-Match", "*");
  EXPECT_EQ(StatusOf(&KeysHandler::Get, "k"), 501);
  EXPECT_EQ(StatusOf(&KeysHandler::Delete, "k"), 501);
  EXPECT_EQ(keys_.AdmitPut(request_).refusal->status, 501);
  request_.Clear();
  request_.headers.Add("If-None-Match", "*");
  EXPECT_EQ(StatusOf(&KeysHandler::Get, "k"), 0);
  EXPECT_EQ(StatusOf(&KeysHandler::Delete, "k"), 501);
  EXPECT_EQ(keys_.AdmitPut(request_).refusal->status, 501);
}

TEST_F(Handlers, PutTakesRawBytesAndJson) {
  const std::string bytes("\0\xff", 2);
  request_.body = bytes;
  Run(&KeysHandler::Put, "k", "ttl=7&consistency=all");
  EXPECT_EQ(upstream_.puts.back().request.value(), bytes);
  EXPECT_EQ(upstream_.puts.back().request.ttl_ms(), 7000);
  EXPECT_EQ(upstream_.puts.back().request.consistency(), v1::CONSISTENCY_ALL);

  request_.headers.Add("Content-Type", "application/json");
  request_.body = R"({"value":"v","ttl":3153600000})";
  EXPECT_EQ(StatusOf(&KeysHandler::Put, "k", "ttl=7"), 400);  // the body has its own
  Run(&KeysHandler::Put, "k");
  EXPECT_EQ(upstream_.puts.back().request.ttl_ms(), 3'153'600'000'000);
}

TEST_F(Handlers, LimitBodiesByTheirKind) {
  EXPECT_EQ(keys_.AdmitPut(request_).body_limit, 1024u * 1024);
  request_.headers.Add("Content-Type", "application/json");
  EXPECT_EQ(keys_.AdmitPut(request_).body_limit, 6u * 1024 * 1024 + 64 * 1024);
  config_.max_value_bytes = 3;
  request_.body = R"({"value":"four"})";
  EXPECT_EQ(StatusOf(&KeysHandler::Put, "k"), 413);
  BatchHandler batch(&upstream_, &config_, &names_);
  EXPECT_EQ(batch.Admit(request_).body_limit, 18u * 1024 * 1024 + 64 * 1024);
}

TEST_F(Handlers, GetShowsTtlsRoundedUp) {
  Run(&KeysHandler::Get, "k");
  AnswerGet("v", 1);
  EXPECT_THAT(kept_->response->body, HasSubstr(R"("value":"v","ttl":1,)"));
  Run(&KeysHandler::Get, "k");
  AnswerGet("v", 2001);
  EXPECT_THAT(kept_->response->body, HasSubstr(R"("ttl":3,)"));
  Run(&KeysHandler::Get, "k");
  AnswerGet("v", 0);
  EXPECT_THAT(kept_->response->body, HasSubstr(R"("ttl":0,)"));
}

TEST_F(Handlers, GetAnswersRawBytesAndNotModified) {
  request_.headers.Add("Accept", "application/octet-stream");
  Run(&KeysHandler::Get, "k");
  AnswerGet("\xff");
  EXPECT_EQ(kept_->response->body, "\xff");
  EXPECT_EQ(kept_->response->content_type, "application/octet-stream");
  EXPECT_EQ(kept_->response->FindHeader("Cache-Control"), "private, no-cache");

  request_.headers.Add("If-None-Match", "*");
  Run(&KeysHandler::Get, "k");
  AnswerGet("v");
  EXPECT_EQ(kept_->response->status, 304);
  EXPECT_EQ(kept_->response->body, "");
  EXPECT_TRUE(kept_->response->FindHeader("ETag").has_value());
}

TEST_F(Handlers, EachFormOfAValueHasAnETagOfItsOwn) {
  constexpr std::string_view kOfJson = "W/\"0000000000000001-0000000000000000\"";
  constexpr std::string_view kOfBytes = "\"0000000000000001-0000000000000000-raw\"";
  Run(&KeysHandler::Get, "k");
  AnswerGet("v");  // weak also without a ttl: the receipt in it changes from read to read
  EXPECT_EQ(kept_->response->FindHeader("ETag"), kOfJson);
  request_.headers.Add("Accept", "application/octet-stream");
  Run(&KeysHandler::Get, "k");
  AnswerGet("v", 5000);  // strong also with one: the bytes stay as they are
  EXPECT_EQ(kept_->response->FindHeader("ETag"), kOfBytes);
}

TEST_F(Handlers, WhoHasTheOtherFormGetsTheValue) {
  struct Case {
    const char* accept;
    const char* if_none_match;
    int status;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"*/*", "W/\"0000000000000001-0000000000000000\"", 304},
           {"*/*", "\"0000000000000001-0000000000000000\"", 304},
           {"*/*", "\"0000000000000001-0000000000000000-raw\"", 200},
           {"application/octet-stream", "\"0000000000000001-0000000000000000-raw\"", 304},
           {"application/octet-stream", "\"x\", W/\"0000000000000001-0000000000000000-raw\"", 304},
           {"application/octet-stream", "W/\"0000000000000001-0000000000000000\"", 200},
           {"application/octet-stream", "\"0000000000000001-0000000000000000\"", 200}}) {
    request_.Clear();
    request_.headers.Add("Accept", c.accept);
    request_.headers.Add("If-None-Match", c.if_none_match);
    Run(&KeysHandler::Get, "k");
    AnswerGet("v");
    EXPECT_EQ(kept_->response->status, c.status) << c.accept << " " << c.if_none_match;
  }
}

TEST_F(Handlers, APutTellsTheETagOfTheBytesThatItStored) {
  request_.body = "v";
  Run(&KeysHandler::Put, "k");
  AnswerPut();
  EXPECT_EQ(kept_->response->FindHeader("ETag"), "\"0000000000000001-0000000000000000-raw\"");
  // A document is not what a GET answers, so it gets no validator (RFC 9110, section 9.3.4).
  request_.headers.Add("Content-Type", "application/json");
  request_.body = R"({"value":"v"})";
  Run(&KeysHandler::Put, "k");
  AnswerPut();
  EXPECT_FALSE(kept_->response->FindHeader("ETag").has_value());
  Run(&KeysHandler::Delete, "k");
  upstream_.deletes.back().done(v1::DeleteResponse());
  EXPECT_FALSE(kept_->response->FindHeader("ETag").has_value());
}

TEST_F(Handlers, BinaryKeysComeBackAsBase64) {
  Run(&KeysHandler::Get, "%FF");
  AnswerGet("v");
  EXPECT_THAT(kept_->response->body, HasSubstr(R"("key":"/w==","keyEncoding":"base64")"));
}

TEST_F(Handlers, ALostCallStillAnswers) {
  Run(&KeysHandler::Get, "k");
  upstream_.gets.clear();
  ASSERT_TRUE(kept_->response.has_value());
  EXPECT_EQ(kept_->response->status, 500);
}

class HandlersWithoutRoom : public Handlers {
 protected:
  void ExpectRefused() {
    ASSERT_TRUE(kept_->response.has_value());
    EXPECT_EQ(kept_->response->status, 503);
    EXPECT_THAT(kept_->response->body, HasSubstr("OVERLOADED"));
    EXPECT_EQ(kept_->response->FindHeader("Retry-After"), "1");
  }

  // Makes the sink of the next request.
  Responder WithRoom(uint64_t bytes) {
    kept_ = std::make_shared<KeptResponse>();
    kept_->room = bytes;
    return Responder(kept_);
  }
};

TEST_F(HandlersWithoutRoom, SendNoWrite) {
  request_.parameter = "k";
  request_.body = std::string(10'000, 'v');
  keys_.Put(request_, WithRoom(19'999));
  ExpectRefused();
  EXPECT_TRUE(upstream_.puts.empty());
  request_.body = std::string(10'000, 'v');
  keys_.Put(request_, WithRoom(20'000));
  EXPECT_EQ(upstream_.puts.size(), 1u);
  EXPECT_EQ(request_.body, "") << "the value is moved, not copied";
}

TEST_F(HandlersWithoutRoom, SendNoBatch) {
  BatchHandler batch(&upstream_, &config_, &names_);
  for (const bool fits : {false, true}) {
    const uint64_t room = fits ? 1'000'000 : 100;
    request_.body = R"({"entries":[{"key":"a","value":"12345"}]})";
    batch.Put(request_, WithRoom(room));
    if (!fits) ExpectRefused();
    request_.body = R"({"keys":["a"]})";
    batch.Delete(request_, WithRoom(room));
    if (!fits) ExpectRefused();
    request_.body = R"({"keys":["a"]})";
    batch.Get(request_, WithRoom(room));
    if (!fits) ExpectRefused();
    EXPECT_EQ(upstream_.batch_puts.size(), fits ? 1u : 0u);
    EXPECT_EQ(upstream_.batch_deletes.size(), fits ? 1u : 0u);
    EXPECT_EQ(upstream_.batch_gets.size(), fits ? 1u : 0u);
  }
}

TEST_F(HandlersWithoutRoom, AskForNoValueThatIsLikelyToFindNone) {
  request_.parameter = "k";
  keys_.Get(request_, WithRoom(0));
  ASSERT_EQ(upstream_.gets.size(), 1u) << "nothing is known of the values yet";
  AnswerGet(std::string(100'000, 'v'));
  EXPECT_EQ(kept_->response->status, 200) << "the sink decides whether it has room for it";
  keys_.Get(request_, WithRoom(40'000));
  ExpectRefused();
  EXPECT_EQ(upstream_.gets.size(), 1u);
}

TEST_F(HandlersWithoutRoom, AskForSmallValuesAllTheSame) {
  request_.parameter = "k";
  keys_.Get(request_, WithRoom(0));
  EXPECT_EQ(upstream_.gets.back().request.max_value_bytes(), 0u);
  AnswerGet(std::string(100'000, 'v'));
  keys_.Get(request_, WithRoom(50'000));
  ASSERT_EQ(upstream_.gets.size(), 2u);
  EXPECT_EQ(upstream_.gets.back().request.max_value_bytes(), 32u * 1024);
  AnswerGet("small");
  EXPECT_EQ(kept_->response->status, 200);
  keys_.Get(request_, WithRoom(99'000));
  EXPECT_NEAR(upstream_.gets.back().request.max_value_bytes(), 33'400, 1000) << "half of the size";
  absl::Status too_large = absl::OutOfRangeError("");
  SetReason(kValueTooLarge, &too_large);
  upstream_.gets.back().done(too_large);
  ExpectRefused();
}

TEST_F(Handlers, OnlyAnswersToWritesAreSentWithoutRoom) {
  request_.body = "v";
  Run(&KeysHandler::Put, "k");
  AnswerPut();
  EXPECT_TRUE(kept_->response->tells_of_write);
  Run(&KeysHandler::Put, "k");
  upstream_.puts.back().done(absl::DeadlineExceededError("it may have been done"));
  EXPECT_TRUE(kept_->response->tells_of_write);
  Run(&KeysHandler::Delete, "k");
  upstream_.deletes.back().done(absl::AbortedError("by some nodes"));
  EXPECT_TRUE(kept_->response->tells_of_write);
  Run(&KeysHandler::Get, "k");
  AnswerGet("v");
  EXPECT_FALSE(kept_->response->tells_of_write);
}

TEST_F(Handlers, BatchesCheckTheirBytes) {
  config_.max_batch_bytes = 5;
  BatchHandler batch(&upstream_, &config_, &names_);
  kept_ = std::make_shared<KeptResponse>();
  request_.body = R"({"entries":[{"key":"a","value":"12345"}]})";
  batch.Put(request_, Responder(kept_));
  EXPECT_EQ(kept_->response->status, 413);
  EXPECT_THAT(kept_->response->body, HasSubstr("BATCH_TOO_LARGE"));
  EXPECT_TRUE(upstream_.batch_puts.empty());
}

TEST_F(Handlers, BatchesAreJsonOnly) {
  BatchHandler batch(&upstream_, &config_, &names_);
  EXPECT_EQ(batch.Admit(request_).refusal->status, 415);
  request_.headers.Add("Content-Type", "application/x-www-form-urlencoded");
  EXPECT_EQ(batch.Admit(request_).refusal->status, 415);
}

TEST(StatusJson, ShowsEveryNode) {
  v1::GetStatusResponse status;
  v1::Node* const node = status.add_nodes();
  node->set_name("a");
  node->set_address("h:1");
  node->set_state(v1::NODE_STATE_SYNCING);
  node->set_reason("oom");
  node->set_doubt(v1::NODE_DOUBT_BEHIND);
  node->set_since_unix_ms(5);
  node->set_ping_rtt_us(7);
  node->set_share(1.0 / 3);
  status.add_nodes()->set_state(v1::NODE_STATE_DOWN);
  status.set_replication_factor(2);
  status.set_ring_fingerprint(0xabc);
  EXPECT_EQ(
      StatusJson(status),
      R"({"nodes":[{"name":"a","address":"h:1","state":"SYNCING","reason":"oom","doubt":"BEHIND",)"
      R"("since":5,"lastPing":0,"pingRttMicros":7,"share":0.333333,"clockOffsetMs":0,"runId":"","redisVersion":""},)"
      R"({"name":"","address":"","state":"DOWN","reason":"","since":0,"lastPing":0,"pingRttMicros":0,"share":0.000000,"clockOffsetMs":0,"runId":"","redisVersion":""}],)"
      R"("replicationFactor":2,"vnodesPerNode":0,"ringFingerprint":"0000000000000abc",)"
      R"("coordinator":"0000000000000000","serverVersion":"","startedAt":0,"clusterTime":0})");
}

TEST(StatusJson, ShowsAnAcceptedRingWhereThereIsOne) {
  v1::GetStatusResponse status;
  EXPECT_THAT(StatusJson(status), Not(HasSubstr("acceptRing")));
  status.set_accept_ring("00000000000000aa:00000000000000bb");
  EXPECT_THAT(StatusJson(status),
              HasSubstr(R"(,"acceptRing":"00000000000000aa:00000000000000bb"})"));
}

TEST(StatusJson, ShowsAResyncWhereThereIsOne) {
  v1::GetStatusResponse status;
  v1::Node* const node = status.add_nodes();
  node->set_keys(12);
  node->set_swept_unix_ms(7);
  node->mutable_resync()->set_keys_done(3);
  node->mutable_resync()->set_keys_left(9);
  node->mutable_resync()->set_keys_per_second(100);
  EXPECT_THAT(StatusJson(status),
              HasSubstr(R"("keys":12,"lastSweep":7,)"
                        R"("resync":{"keysDone":3,"keysLeft":9,"keysPerSecond":100}})"));
  node->mutable_resync()->set_waiting_for("node b");
  EXPECT_THAT(StatusJson(status), HasSubstr(R"("keysPerSecond":100,"waitingFor":"node b"}})"));
}

}  // namespace
}  // namespace kache::gateway
