// POST /api/v1/keys/{key}:lease, over a fake upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "gateway/handlers/keys.h"
#include "gateway/handlers/stamp.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

class LeaseHandler : public ::testing::Test {
 protected:
  LeaseHandler() { request_.headers.Add("Content-Type", "application/json"); }
  void Run(std::string_view parameter, std::string_view body) {
    request_.parameter = parameter;
    request_.body = body;
    kept_ = std::make_shared<KeptResponse>();
    keys_.Lease(request_, Responder(kept_));
  }
  const HttpResponse& response() const { return *kept_->response; }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  KeysHandler keys_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_;
};

TEST_F(LeaseHandler, TakesJsonAlone) {
  EXPECT_FALSE(keys_.AdmitLease(request_).refusal.has_value());
  request_.Clear();
  EXPECT_EQ(keys_.AdmitLease(request_).refusal->status, 415);
  request_.headers.Add("Content-Type", "text/plain");
  EXPECT_EQ(keys_.AdmitLease(request_).refusal->status, 415);
}

TEST_F(LeaseHandler, RefusesWhatIsOutOfRange) {
  for (const char* body :
       {"", "[]", R"({"leaseMs":0})", R"({"leaseMs":3600001})", R"({"waitMs":-1})",
        R"({"waitMs":1.5})", R"({"ttl":1})", R"({"leaseMs":"1"})", R"({"waitMs":1,"waitMs":1})"}) {
    Run("k", body);
    EXPECT_EQ(response().status, 400) << body;
  }
  EXPECT_TRUE(upstream_.leases.empty());
}

TEST_F(LeaseHandler, PassesOnWhatIsAskedFor) {
  Run("a%2Fb", R"({"leaseMs":5000,"waitMs":100})");
  const v1::GetOrLeaseRequest sent = upstream_.leases.back().request;
  EXPECT_EQ(sent.key(), "a/b");
  EXPECT_EQ(sent.lease_ms(), 5000);
  EXPECT_EQ(sent.wait_ms(), 100);
  upstream_.leases.back().done(absl::UnavailableError("gone"));
  EXPECT_EQ(response().status, 503);
  Run("k", R"({"waitMs":60000})");
  EXPECT_EQ(upstream_.leases.back().request.lease_ms(), 0);
  EXPECT_EQ(upstream_.leases.back().request.wait_ms(), 200) << "a little at a time";
  upstream_.leases.back().done(absl::UnavailableError("gone"));
}

TEST_F(LeaseHandler, TellsAValueALeaseOrAnotherOnes) {
  v1::GetOrLeaseResponse answer;
  answer.set_outcome(v1::GetOrLeaseResponse::OUTCOME_HIT);
  answer.set_value("v");
  answer.set_ttl_ms(1500);
  Run("k", "{}");
  upstream_.leases.back().done(answer);
  EXPECT_EQ(response().status, 200);
  EXPECT_THAT(response().body, HasSubstr(R"({"key":"k","outcome":"hit","value":"v","ttl":2,)"));
  answer = {};
  answer.set_outcome(v1::GetOrLeaseResponse::OUTCOME_LEASE);
  answer.set_lease_ms(10'000);
  answer.mutable_lease()->set_timestamp(0x018fc8e5a2000000);
  answer.mutable_lease()->set_clock(0x5e4f3a2b1c0d0000);
  answer.mutable_lease()->set_lease(true);
  Run("k", "{}");
  upstream_.leases.back().done(answer);
  EXPECT_THAT(response().body, HasSubstr(R"("outcome":"lease","leaseMs":10000,)"
                                         R"("stamp":"018fc8e5a2000000-5e4f3a2b1c0d;lease")"));
  answer.clear_lease();
  answer.set_outcome(v1::GetOrLeaseResponse::OUTCOME_WAIT);
  Run("k", "{}");
  upstream_.leases.back().done(answer);
  EXPECT_THAT(response().body, HasSubstr(R"("outcome":"wait","leaseMs":10000)"));
}

TEST_F(LeaseHandler, TheTokenIsAStamp) {
  v1::Stamp stamp;
  ASSERT_TRUE(ParseStampText("018fc8e5a2000000-5e4f3a2b1c0d;lease", &stamp));
  EXPECT_TRUE(stamp.lease());
  EXPECT_EQ(stamp.timestamp(), 0x018fc8e5a2000000u);
  EXPECT_EQ(LeaseText(stamp), "018fc8e5a2000000-5e4f3a2b1c0d;lease");
  ASSERT_TRUE(ParseStampText("018fc8e5a2000000-5e4f3a2b1c0d; made-at=5 ;lease", &stamp));
  EXPECT_EQ(stamp.made_at_unix_ms(), 5);
  EXPECT_FALSE(ParseStampText("018fc8e5a2000000-5e4f3a2b1c0d;lease;lease", &stamp));
}

}  // namespace
}  // namespace kache::gateway
