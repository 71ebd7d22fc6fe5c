// POST /api/v1/keys/{key}:touch, over a fake upstream.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "gateway/handlers/keys.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

class TouchHandler : public ::testing::Test {
 protected:
  void Run(std::string_view parameter, std::string_view query = "") {
    request_.parameter = parameter;
    request_.query = query;
    kept_ = std::make_shared<KeptResponse>();
    keys_.Touch(request_, Responder(kept_));
  }
  int StatusOf(std::string_view parameter) {
    Run(parameter);
    return kept_->response ? kept_->response->status : 0;
  }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  KeysHandler keys_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_;
};

TEST_F(TouchHandler, ATouchTakesJsonAlone) {
  EXPECT_EQ(keys_.AdmitTouch(request_).refusal->status, 415);
  request_.headers.Add("Content-Type", "text/plain");
  EXPECT_EQ(keys_.AdmitTouch(request_).refusal->status, 415);
  request_.Clear();
  request_.headers.Add("Content-Type", "application/json");
  EXPECT_FALSE(keys_.AdmitTouch(request_).refusal.has_value());
  for (const char* body : {"", "{}", R"({"ttl":-1})", R"({"ttl":1,"ttlMs":1000})", R"({"ttl":1.5})",
                           R"({"ttl":1,"value":"v"})", R"({"ttl":null})"}) {
    request_.body = body;
    EXPECT_EQ(StatusOf("k"), 400) << body;
  }
  EXPECT_TRUE(upstream_.touches.empty());
}

TEST_F(TouchHandler, ATouchIsPassedOn) {
  request_.headers.Add("Content-Type", "application/json");
  request_.headers.Add("Kache-Stamp", "018fc8e5a2000000-5e4f3a2b1c0d");
  request_.body = R"({"ttl":60})";
  Run("a%2Fb", "consistency=quorum");
  const v1::TouchRequest& sent = upstream_.touches.back().request;
  EXPECT_EQ(sent.key(), "a/b");
  EXPECT_EQ(sent.ttl_ms(), 60'000);
  EXPECT_EQ(sent.consistency(), v1::CONSISTENCY_QUORUM);
  EXPECT_EQ(sent.stamp().timestamp(), 0x018fc8e5a2000000u);
  v1::TouchResponse touched;
  touched.set_found(true);
  touched.mutable_receipt()->set_expires_at_unix_ms(7);
  upstream_.touches.back().done(touched);
  ASSERT_TRUE(kept_->response.has_value());
  EXPECT_EQ(kept_->response->status, 200);
  EXPECT_NE(kept_->response->body.find("\"expiresAt\":7"), std::string::npos);
  request_.body = R"({"ttlMs":0})";
  Run("k");
  EXPECT_EQ(upstream_.touches.back().request.ttl_ms(), 0);
  upstream_.touches.back().done(v1::TouchResponse());
  EXPECT_EQ(kept_->response->status, 404);
}

}  // namespace
}  // namespace kache::gateway
