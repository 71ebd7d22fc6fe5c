// GET /api/v1/locate/{key} over a fake upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "gateway/handlers/locate.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

class Locate : public testing::Test {
 protected:
  const std::optional<HttpResponse>& Run(std::string_view parameter, std::string_view query = "") {
    request_.parameter = parameter;
    request_.query = query;
    handler_.Get(request_, Responder(kept_));
    return kept_->response;
  }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  LocateHandler handler_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_ = std::make_shared<KeptResponse>();
};

TEST_F(Locate, ShowsWhatEachServerHolds) {
  v1::GetStatusResponse status;
  v1::Node* const node = status.add_nodes();
  node->set_node_id(7);
  node->set_name("cache-\"a");
  names_.Learn(status);
  EXPECT_FALSE(Run("a%2Fb").has_value());
  ASSERT_EQ(upstream_.locates.size(), 1u);
  EXPECT_EQ(upstream_.locates.back().request.key(), "a/b");
  v1::LocateResponse location;
  location.set_token(0xabc);
  location.set_home_replicas(2);
  location.set_served_by_node_id(7);
  v1::Replica* replica = location.add_replicas();
  replica->set_node_id(7);
  replica->set_state(v1::NODE_STATE_UP);
  replica->set_content(v1::Replica::CONTENT_VALUE);
  replica->mutable_version()->set_timestamp(1);
  replica->set_expires_at_unix_ms(7);
  replica->set_value_bytes(0);
  replica = location.add_replicas();
  replica->set_state(v1::NODE_STATE_DOWN);
  replica->set_content(v1::Replica::CONTENT_UNKNOWN);
  replica->set_error("it is \"down\"");
  upstream_.locates.back().done(std::move(location));
  ASSERT_TRUE(kept_->response.has_value());
  EXPECT_EQ(kept_->response->FindHeader("Cache-Control"), "no-store");
  EXPECT_EQ(kept_->response->body,
            R"({"key":"a/b","token":"0000000000000abc","homeReplicas":2,"servedBy":"cache-\"a",)"
            R"("replicas":[{"node":"cache-\"a","state":"UP","content":"VALUE",)"
            R"("version":"0000000000000001-0000000000000000","expiresAt":7,"valueBytes":0},)"
            R"({"state":"DOWN","content":"UNKNOWN","error":"it is \"down\""}]})");
}

TEST_F(Locate, NamesEveryContent) {
  v1::LocateResponse location;
  for (int content = 1; content <= 7; ++content) {
    location.add_replicas()->set_content(static_cast<v1::Replica::Content>(content));
  }
  const std::string json = LocationJson("\xff", location, names_);
  EXPECT_THAT(json, HasSubstr(R"("key":"/w==","keyEncoding":"base64")"));
  EXPECT_THAT(json, testing::Not(HasSubstr("servedBy")));
  for (const char* name :
       {"NONE", "VALUE", "TOMBSTONE", "EXPIRED", "FOREIGN", "NEWER_FORMAT", "UNKNOWN"}) {
    EXPECT_THAT(json, HasSubstr(Concat("\"content\":\"", name, "\"")));
  }
}

TEST_F(Locate, RefusesWhatIsNoKey) {
  for (const char* key : {"", "%", "%zz"}) {
    EXPECT_EQ(Run(key)->status, 400) << key;
  }
  EXPECT_EQ(Run("k", "consistency=one")->status, 400);
  EXPECT_TRUE(upstream_.locates.empty());
}

TEST_F(Locate, TranslatesErrors) {
  Run("k");
  upstream_.locates.back().done(absl::UnavailableError("no server"));
  EXPECT_EQ(kept_->response->status, 503);
}

}  // namespace
}  // namespace kache::gateway
