#include "http/http_get.h"

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

using boost::asio::ip::tcp;

class HttpGetTest : public GatewayTest {
 protected:
  absl::StatusOr<int> Get(const std::string& target) const {
    return HttpGet({"127.0.0.1", port()}, target, absl::Seconds(5));
  }
};

TEST_F(HttpGetTest, TellsTheStatusCode) {
  StartReadyGateway();
  EXPECT_EQ(Get("/readyz").value_or(0), 200);
  EXPECT_EQ(Get("/no/such/page").value_or(0), 404);
}

TEST(HttpGet, FailsWhereNobodyListens) {
  boost::asio::io_context context;
  // Bound, so that nobody else gets the port, but not listening.
  tcp::socket bound(context, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const HostPort server{"127.0.0.1", bound.local_endpoint().port()};
  EXPECT_EQ(HttpGet(server, "/", absl::Seconds(5)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpGet, DoesNotWaitForASilentServer) {
  boost::asio::io_context context;
  // The kernel takes the connection; nobody ever answers.
  tcp::acceptor silent(context, tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const HostPort server{"127.0.0.1", silent.local_endpoint().port()};
  EXPECT_EQ(HttpGet(server, "/", absl::Milliseconds(50)).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace kache::gateway
