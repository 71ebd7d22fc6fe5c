// What the HTTP server does with well-meant requests.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/testing/has_ipv6.h"
#include "tests/unit/http/http_server_fixture.h"

namespace kache {
namespace {

using ::kache::testing::HasIpv6;

class HttpServerServes : public HttpServerTest {
 protected:
  void SetUp() override { Start(); }
};

TEST_F(HttpServerServes, KeepsTheConnectionForTheNextRequest) {
  RawHttpClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    const RawResponse response = client.Ask("PUT", "/a", "body");
    EXPECT_EQ(response.body, "PUT /a body");
    EXPECT_EQ(response.Header("connection"), "");
  }
}

TEST_F(HttpServerServes, AnswersPipelinedRequestsInOrder) {
  RawHttpClient client = Connect();
  client.Send(
      "PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
      "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
      "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "PUT /1 one");
  EXPECT_EQ(client.Receive().body, "GET /2 ");
  EXPECT_EQ(client.Receive().body, "PUT /3 three");
  EXPECT_EQ(client.Receive().body, "GET /4 ");
}

TEST_F(HttpServerServes, PipelinedRequestsWaitForTheOneBefore) {
  RawHttpClient client = Connect();
  client.Send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  EXPECT_EQ(observer_.started, 1);
  service_.Release();  // from another thread than the connection's
  EXPECT_EQ(client.Receive().body, "GET /hold ");
  EXPECT_EQ(client.Receive().body, "GET /next ");
}

TEST_F(HttpServerServes, TakesRequestsByteByByte) {
  RawHttpClient client = Connect();
  for (const char c :
       std::string_view("PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab")) {
    ASSERT_TRUE(client.Send({&c, 1}));
  }
  EXPECT_EQ(client.Receive().body, "PUT /slow ab");
}

TEST_F(HttpServerServes, ChunkedBodiesWithExtensionsAndTrailers) {
  EXPECT_EQ(Ask("PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                "3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nHost: other\r\n\r\n")
                .body,
            "PUT /c abcde");
}

TEST_F(HttpServerServes, Http10ClosesUnlessAskedNotTo) {
  RawHttpClient client = Connect();
  client.Send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.Receive().Header("connection"), "keep-alive");
  client.Send("GET /old HTTP/1.0\r\n\r\n");
  const RawResponse last = client.Receive();
  EXPECT_EQ(last.body, "GET /old ");
  EXPECT_EQ(last.Header("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpServerServes, ClosesWhenTheClientAsks) {
  RawHttpClient client = Connect();
  EXPECT_EQ(client.Ask("GET", "/", "", "Connection: close\r\n").Header("connection"), "close");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpServerServes, HeadHasTheLengthAndNoBody) {
  RawHttpClient client = Connect();
  const RawResponse head = client.Ask("HEAD", "/abc");
  EXPECT_EQ(head.Header("content-length"), std::to_string(sizeof("HEAD /abc ") - 1));
  EXPECT_EQ(client.Ask("GET", "/next").body, "GET /next ");  // nothing was left over
}

TEST_F(HttpServerServes, AnswersAClientThatHasFinishedSending) {
  RawHttpClient client = Connect();
  client.Send("GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
  client.ShutdownSend();
  EXPECT_EQ(client.Receive().body, "GET /half ");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpServerServes, SkipsEmptyLinesBeforeARequest) {
  EXPECT_EQ(Ask("\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n").body, "GET /x ");
}

TEST_F(HttpServerServes, SaysContinueToWhoAsks) {
  RawHttpClient client = Connect();
  client.Send("PUT /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.Receive(/*to_head=*/true).status, 100);
  client.Send("body");
  EXPECT_EQ(client.Receive().body, "PUT /e body");
}

TEST_F(HttpServerServes, LargeBodiesAndAnswers) {
  RawHttpClient client = Connect();
  EXPECT_EQ(client.Ask("PUT", "/large", std::string(5'000'000, 'x')).body, "PUT /large 5000000");
  EXPECT_EQ(client.Ask("GET", "/big").body.size(), EchoService::kBigBytes);
  EXPECT_EQ(client.Ask("GET", "/small").body, "GET /small ");
}

TEST_F(HttpServerServes, ALostResponderAnswers500) {
  RawHttpClient client = Connect();
  EXPECT_EQ(client.Ask("GET", "/drop").status, 500);
  EXPECT_EQ(client.Ask("GET", "/next").status, 200);
}

TEST_F(HttpServerServes, ForgetsClientsThatGoAway) {
  {
    RawHttpClient idle = Connect();
    idle.Ask("GET", "/");
    RawHttpClient in_head = Connect();
    in_head.Send("GET / HT");
    RawHttpClient waiting = Connect();
    waiting.Send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  }
  service_.Release();
  EXPECT_TRUE(Eventually([this] { return observer_.connections == 0; }));
}

TEST_F(HttpServerServes, DrainingEndsConnectionsAfterTheirRequest) {
  RawHttpClient idle = Connect();
  idle.Ask("GET", "/");
  RawHttpClient busy = Connect();
  busy.Send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  server_->BeginDrain();
  server_->StopAccepting();
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_FALSE(server_->AwaitConnections(absl::Milliseconds(20)));
  service_.Release();
  const RawResponse last = busy.Receive();
  EXPECT_EQ(last.body, "GET /hold ");
  EXPECT_EQ(last.Header("connection"), "close");
  EXPECT_TRUE(busy.AtEnd());
  busy.ShutdownSend();
  EXPECT_TRUE(server_->AwaitConnections(absl::Seconds(10)));
  EXPECT_EQ(Connect().Ask("GET", "/").status, 0);
}

TEST_F(HttpServerServes, EndsWithConnectionsOpen) {
  RawHttpClient idle = Connect();
  idle.Ask("GET", "/");
  RawHttpClient in_body = Connect();
  in_body.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  server_.reset();
  EXPECT_EQ(observer_.connections, 0);
}

TEST_F(HttpServerServes, ATakenPortIsAClearError) {
  options_.address.port = server_->port();
  const auto second = HttpServer::Start(options_, &service_, &observer_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      second.status().message(),
      "cannot listen on 127.0.0.1:" + std::to_string(server_->port()) + ": Address already in use");
}

// Whether somebody answers there.
bool Connects(int family, const sockaddr* address, socklen_t size) {
  const int fd = ::socket(family, SOCK_STREAM, 0);
  const bool connected = ::connect(fd, address, size) == 0;
  ::close(fd);
  return connected;
}

bool ConnectsOverIpv4(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Connects(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

bool ConnectsOverIpv6(uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return Connects(AF_INET6, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

TEST_F(HttpServerTest, ListensOnBothFamilies) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 loopback address here";
  options_.address = {"::", 0};
  Start();
  EXPECT_TRUE(ConnectsOverIpv4(server_->port()));
  EXPECT_TRUE(ConnectsOverIpv6(server_->port()));
}

// From here on this process has no IPv6, as on a machine that was started without it.
bool ForbidIpv6() {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {.len = std::size(instructions), .filter = instructions};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

[[noreturn]] void ServeWithoutIpv6() {
  EchoService service;
  CountingObserver observer;
  HttpOptions options;
  options.address = {"::", 0};
  const bool forbidden = ForbidIpv6();
  const auto server = HttpServer::Start(options, &service, &observer);
  std::_Exit(forbidden && server.ok() && ConnectsOverIpv4((*server)->port()) ? 0 : 1);
}

TEST(HttpServerDeathTest, ListensOnIpv4WhereThereIsNoIpv6) {
  EXPECT_EXIT(ServeWithoutIpv6(), ::testing::ExitedWithCode(0), "");
}

TEST_F(HttpServerTest, ListensOnOneAddressAlone) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 loopback address here";
  options_.address = {"::1", 0};
  Start();
  EXPECT_FALSE(ConnectsOverIpv4(server_->port()));
  EXPECT_TRUE(ConnectsOverIpv6(server_->port()));
}

TEST_F(HttpServerTest, ListensOnALocalName) {
  options_.address = {"localhost", 0};
  Start();
  EXPECT_TRUE(ConnectsOverIpv4(server_->port()));
}

TEST_F(HttpServerTest, AConnectionOverTheLimitMayReplaceOneThatWaits) {
  options_.threads = 1;
  options_.max_connections = 2;
  options_.replaces_waiting = true;
  Start();
  RawHttpClient busy = Connect();
  busy.Send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return service_.holds(); }));
  RawHttpClient waiting = Connect();
  ASSERT_TRUE(Eventually([&] { return observer_.connections == 2; }));
  EXPECT_EQ(Ask("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
  EXPECT_TRUE(waiting.AtEnd());
  service_.Release();
  EXPECT_EQ(busy.Receive().status, 200) << "what is served is not replaced";
}

TEST_F(HttpServerTest, OneAddressLeavesRoomForTheRequestsOfOthers) {
  options_.max_buffered_bytes = 8 * 1024 * 1024;
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> crowd;
  const auto send = [&](int connections, size_t bytes) {
    for (int i = 0; i < connections; ++i) {
      crowd.push_back(std::make_unique<RawHttpClient>(server_->port(), 2));
      crowd.back()->Send("PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                         std::to_string(bytes + 1) + "\r\n\r\n" + std::string(bytes, 'x'));
    }
  };
  send(40, 500'000);
  send(100, 25'000);
  ASSERT_TRUE(Eventually([this] { return observer_.refused(RefusalReason::kMemory) > 40; }));
  RawHttpClient other(server_->port(), 3);
  EXPECT_EQ(other.Ask("PUT", "/large", std::string(100'000, 'x')).status, 200);
  EXPECT_EQ(other.Ask("PUT", "/large", std::string(25'000, 'x')).status, 200);
}

}  // namespace
}  // namespace kache
