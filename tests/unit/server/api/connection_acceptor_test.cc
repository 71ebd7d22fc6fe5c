#include "server/api/connection_acceptor.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "tests/testing/eventually.h"
#include "tests/testing/has_ipv6.h"
#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::HasIpv6;
using ::kache::testing::MetricValue;

constexpr absl::Duration kUnacknowledged = absl::Seconds(10);

// A client's connection from `source`, an address of the loopback network.
UniqueFd ConnectFrom(const char* source, uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, source, &address.sin_addr);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  address.sin_port = htons(port);
  EXPECT_EQ(connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return socket;
}

// All that comes until the other side closes.
std::string ReadAll(const UniqueFd& socket) {
  std::string all;
  char buffer[1000];
  for (ssize_t size; (size = recv(socket.get(), buffer, sizeof(buffer), 0)) > 0;) {
    all.append(buffer, static_cast<size_t>(size));
  }
  return all;
}

class ConnectionAcceptorTest : public ::testing::Test {
 protected:
  void Start(const ConnectionAcceptor::Options& options) {
    auto listening = ListenOn({"127.0.0.1", 0}, kUnacknowledged);
    ASSERT_TRUE(listening.ok()) << listening.status();
    port_ = listening->port;
    acceptor_ = std::make_unique<ConnectionAcceptor>(*std::move(listening), options, registry_);
    acceptor_->Start([this](UniqueFd socket) {
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::move(socket));
    });
  }

  UniqueFd Connect(const char* source = "127.0.0.1") { return ConnectFrom(source, port_); }
  size_t taken() {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }
  // As who took them over does when they end.
  void CloseTaken() {
    const std::lock_guard lock(mutex_);
    taken_.clear();
  }
  double Open() { return MetricValue(registry_, "kache_grpc_connections"); }
  double Refused(const std::string& reason) {
    return MetricValue(registry_, "kache_rejected_total{reason=\"" + reason + "\"}");
  }

  prometheus::Registry registry_;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<UniqueFd> taken_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
};

TEST_F(ConnectionAcceptorTest, HandsConnectionsOverAndCountsThem) {
  Start({});
  const UniqueFd first = Connect();
  const UniqueFd second = Connect();
  EXPECT_TRUE(Eventually([this] { return taken() == 2 && Open() == 2; }));
  CloseTaken();
  EXPECT_TRUE(Eventually([this] { return Open() == 0; }));
  EXPECT_EQ(MetricValue(registry_, "kache_grpc_connections_accepted_total"), 2);
}

TEST_F(ConnectionAcceptorTest, OneAddressLeavesRoomForOthers) {
  Start({.max_connections = 64});
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 48; ++i) clients.push_back(Connect("127.0.0.2"));
  ASSERT_TRUE(Eventually([this] { return taken() == 48; }));
  const std::string told = ReadAll(Connect("127.0.0.2"));
  EXPECT_NE(told.find("too many connections of one client address"), std::string::npos);
  EXPECT_EQ(Refused("too_many_connections_of_address"), 1);

  for (int i = 0; i < 16; ++i) clients.push_back(Connect(Concat("127.0.0.", 3 + i).c_str()));
  EXPECT_TRUE(Eventually([this] { return taken() == 64; }));
  EXPECT_NE(ReadAll(Connect("127.0.0.99")).find("MAX_GRPC_CONNECTIONS"), std::string::npos);
  EXPECT_EQ(Refused("too_many_connections"), 1);
}

TEST_F(ConnectionAcceptorTest, RoomIsThereAgainWhenConnectionsEnd) {
  Start({.max_connections = 1});
  for (int i = 0; i < 20; ++i) {
    UniqueFd client;
    ASSERT_TRUE(Eventually([&] {
      const double refused = Refused("too_many_connections");
      client = Connect();
      EXPECT_TRUE(
          Eventually([&] { return taken() == 1 || Refused("too_many_connections") > refused; }));
      return taken() == 1;
    }));
    CloseTaken();
  }
}

TEST_F(ConnectionAcceptorTest, AnEncryptedConnectionIsClosedWithoutAWord) {
  Start({.max_connections = 1, .encrypted = true});
  const UniqueFd client = Connect();
  ASSERT_TRUE(Eventually([this] { return taken() == 1; }));
  EXPECT_EQ(ReadAll(Connect()), "");
}

TEST_F(ConnectionAcceptorTest, AcceptsAgainAfterFilesRanOut) {
  Start({});
  UniqueFd waiting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 3;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(connect(waiting.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_TRUE(Eventually(
      [this] { return MetricValue(registry_, "kache_grpc_accept_failures_total") >= 2; }));
  EXPECT_EQ(taken(), 0);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(Eventually([this] { return taken() == 1; }));
}

TEST_F(ConnectionAcceptorTest, ClosesThePortWhenItStops) {
  Start({});
  EXPECT_FALSE(ListenOn({"127.0.0.1", port_}, kUnacknowledged).ok());
  acceptor_->Stop();
  EXPECT_TRUE(ListenOn({"127.0.0.1", port_}, kUnacknowledged).ok());
}

TEST(ListenOn, SaysWhyItCannot) {
  const auto first = ListenOn({"127.0.0.1", 0}, kUnacknowledged);
  ASSERT_TRUE(first.ok()) << first.status();
  for (const char* host : {"127.0.0.1", "0.0.0.0", "localhost"}) {
    const auto second = ListenOn({host, first->port}, kUnacknowledged);
    ASSERT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << host;
    EXPECT_NE(second.status().message().find("the port is in use"), std::string::npos)
        << second.status();
  }
  EXPECT_EQ(ListenOn({"no.such.host.invalid", 0}, kUnacknowledged).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ListenOn, AWildcardTakesItsFamilies) {
  for (const char* host : {"0.0.0.0", "::"}) {
    const auto listening = ListenOn({host, 0}, kUnacknowledged);
    ASSERT_TRUE(listening.ok()) << listening.status();
    EXPECT_TRUE(ConnectFrom("127.0.0.1", listening->port).ok());
    if (host == std::string_view("::")) continue;
    EXPECT_TRUE(ListenOn({"::1", listening->port}, kUnacknowledged).ok() || !HasIpv6())
        << "IPv4 alone";
  }
}

TEST(ListenOn, BothFamiliesOrNone) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 loopback address here";
  const auto other = ListenOn({"::1", 0}, kUnacknowledged);
  ASSERT_TRUE(other.ok()) << other.status();
  const auto listening = ListenOn({"::", other->port}, kUnacknowledged);
  EXPECT_EQ(listening.status().code(), absl::StatusCode::kUnavailable)
      << "IPv6 callers would reach the other program";
}

TEST(ListenOn, AllAddressesOfANameShareOnePort) {
  const auto listening = ListenOn({"localhost", 0}, kUnacknowledged);
  ASSERT_TRUE(listening.ok()) << listening.status();
  for (const UniqueFd& socket : listening->sockets) {
    // Large enough for both families, whose ports are in the same place.
    sockaddr_in6 address{};
    socklen_t size = sizeof(address);
    ASSERT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(ntohs(address.sin6_port), listening->port);
  }
}

}  // namespace
}  // namespace kache
