// What the gateway does with writes that lose to newer ones.
#include <string>

#include "absl/time/time.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

constexpr std::string_view kPut =
    "PUT /api/v1/keys/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv";

class GatewayWrites : public GatewayTest {
 protected:
  GatewayWrites() {
    StartReadyGateway();
    EXPECT_TRUE(Eventually([this] { return Metric("kache_gateway_upstream_streams") == 2; }));
  }
};

TEST_F(GatewayWrites, AreStampedAnewWhileTheClientWaits) {
  kache_.LetRivalsWrite(1);
  EXPECT_EQ(Ask("PUT", "/api/v1/keys/k", "v").status, 200);
  EXPECT_EQ(kache_.records().Find("k")->value, "v");
  EXPECT_EQ(kache_.stamps().size(), 2u);
  EXPECT_EQ(Metric("kache_gateway_upstream_restamps_total"), 1);
}

TEST_F(GatewayWrites, AreStampedAnewForAClientThatHasSentMore) {
  kache_.LetRivalsWrite(1);
  kache_.SetDelay(absl::Milliseconds(20));
  RawHttpClient client(port());
  client.Send(kPut);
  client.Send("GET /ping HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(kache_.stamps().size(), 2u);
}

TEST_F(GatewayWrites, AreNotStampedAnewForAClientThatHasGone) {
  kache_.LetRivalsWrite(1);
  kache_.SetDelay(absl::Hours(1));
  {
    RawHttpClient client(port());
    client.Send(kPut);
    ASSERT_TRUE(Eventually([this] { return kache_.calls() == 1; }));
  }
  kache_.SetDelay(absl::ZeroDuration());
  ASSERT_TRUE(Eventually([this] {
    return Metric(R"(kache_gateway_upstream_requests_total{code="ABORTED",rpc="Put"})") == 1;
  }));
  EXPECT_EQ(kache_.stamps().size(), 1u);
  EXPECT_EQ(kache_.records().Find("k")->value, "rival's");
}

}  // namespace
}  // namespace kache::gateway
