// The life of a value as PUT takes it: `ttl` or `ttlMs`, in the query or in the body.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/handlers/keys.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

class Lives : public ::testing::Test {
 protected:
  // What the servers are asked for; nothing where the gateway refuses the request.
  std::optional<int64_t> TtlMsOf(std::string_view query, std::string body = "v") {
    const size_t before = upstream_.puts.size();
    request_.parameter = "k";
    request_.query = query;
    request_.body = std::move(body);
    kept_ = std::make_shared<KeptResponse>();
    keys_.Put(request_, Responder(kept_));
    if (upstream_.puts.size() > before) return upstream_.puts.back().request.ttl_ms();
    EXPECT_EQ(kept_->response->status, 400);
    return std::nullopt;
  }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  KeysHandler keys_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_;
};

TEST_F(Lives, OfRawBodiesStandInTheQuery) {
  EXPECT_EQ(TtlMsOf(""), 0);
  EXPECT_EQ(TtlMsOf("ttl=7"), 7000);
  EXPECT_EQ(TtlMsOf("ttlMs=250"), 250);
  EXPECT_EQ(TtlMsOf("ttlMs=3153600000000"), 3'153'600'000'000);
  for (const char* query : {"ttlMs=-1", "ttlMs=3153600000001", "ttlMs=0.5",
                            "ttlMs=", "ttl=1&ttlMs=1000", "ttlMs=1000&ttl=1", "ttlMs=1&ttlMs=1"}) {
    EXPECT_EQ(TtlMsOf(query), std::nullopt) << query;
  }
}

TEST_F(Lives, OfJsonStandInTheBody) {
  request_.headers.Add("Content-Type", "application/json");
  EXPECT_EQ(TtlMsOf("", R"({"value":"v","ttl":7})"), 7000);
  EXPECT_EQ(TtlMsOf("", R"({"value":"v","ttlMs":250})"), 250);
  EXPECT_EQ(TtlMsOf("ttlMs=250", R"({"value":"v"})"), std::nullopt);
  for (const char* life : {R"("ttlMs":-1)", R"("ttlMs":1.5)", R"("ttlMs":"1")", R"("ttlMs":null)",
                           R"("ttlMs":3153600000001)", R"("ttl":1,"ttlMs":1000)"}) {
    EXPECT_EQ(TtlMsOf("", std::string(R"({"value":"v",)") + life + "}"), std::nullopt) << life;
  }
}

}  // namespace
}  // namespace kache::gateway
