// One key through the whole gateway: real sockets on both sides, a fake server behind.
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

class Keys : public GatewayTest {
 protected:
  void SetUp() override { StartReadyGateway(); }
};

TEST_F(Keys, PutThenGetAsJson) {
  const RawResponse put = Ask("PUT", "/api/v1/keys/user:1", R"({"value":"Ada","ttl":60})", kJson);
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(kache_.last_put().ttl_ms(), 60'000);

  const RawResponse get = Ask("GET", "/api/v1/keys/user:1");
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.Header("content-type"), "application/json");
  EXPECT_EQ(get.body,
            R"({"key":"user:1","value":"Ada","ttl":60,)"
            R"("version":"0190000000000001-abcdef0123456789","acknowledged":1,"required":1,)"
            R"("degraded":false,"node":2,"expiresAt":1700000060000})");
}

TEST_F(Keys, DeleteSucceedsAlsoForWhatIsNotThere) {
  Ask("PUT", "/api/v1/keys/k", "v");
  EXPECT_EQ(Ask("DELETE", "/api/v1/keys/k").status, 200);
  EXPECT_EQ(Ask("DELETE", "/api/v1/keys/k").status, 200);
  const RawResponse miss = Ask("GET", "/api/v1/keys/k");
  EXPECT_EQ(miss.status, 404);
  EXPECT_EQ(miss.body, R"({"error":{"code":"KEY_NOT_FOUND","message":"there is no such key"}})");
}

TEST_F(Keys, PingAndStatus) {
  EXPECT_EQ(Ask("GET", "/ping").body, R"({"status":"ok"})");
  const RawResponse status = Ask("GET", "/status");
  EXPECT_EQ(status.status, 200);
  EXPECT_NE(status.body.find(R"("name":"cache-a","address":"redis-0:6379","state":"UP")"),
            std::string::npos)
      << status.body;
}

}  // namespace
}  // namespace kache::gateway
