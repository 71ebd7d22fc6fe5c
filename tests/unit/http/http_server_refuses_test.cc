// What the HTTP server does with requests that are wrong, too large, or too slow.
#include <memory>
#include <vector>

#include "base/request_name.h"
#include "http/held_bytes.h"
#include "tests/unit/http/http_server_fixture.h"

namespace kache {
namespace {

class HttpServerRefuses : public HttpServerTest {
 protected:
  // The answer's status; the connection must end with it.
  int StatusAndClose(std::string_view bytes) {
    if (!server_) Start();
    RawHttpClient client = Connect();
    client.Send(bytes);
    const RawResponse response = client.Receive();
    EXPECT_EQ(response.Header("connection"), "close") << bytes.substr(0, 100);
    EXPECT_TRUE(client.AtEnd()) << bytes.substr(0, 100);
    EXPECT_TRUE(IsRequestId(response.Header("x-request-id"))) << bytes.substr(0, 100);
    return response.status;
  }
};

TEST_F(HttpServerRefuses, WhatIsNotHttp) {
  EXPECT_EQ(StatusAndClose("\x16\x03\x01 hello"), 400);
  EXPECT_EQ(StatusAndClose("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("GET / FTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("GET  HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\nHost h\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
  EXPECT_EQ(observer_.refused(RefusalReason::kBadRequest), 7);
}

TEST_F(HttpServerRefuses, NotExactlyOneHost) {
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
}

TEST_F(HttpServerRefuses, AmbiguousFraming) {
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                           "Content-Length: 3\r\n\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                           "Content-Length: 4\r\n\r\nabcd"),
            400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                           "Content-Length: 3\r\n\r\nabc"),
            400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc"), 400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x10\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\n"
                           "Content-Length: 99999999999999999999999\r\n\r\n"),
            400);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST_F(HttpServerRefuses, OtherTransferEncodings) {
  for (const char* encoding : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked"}) {
    EXPECT_EQ(StatusAndClose(std::string("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ") +
                             encoding + "\r\n\r\n0\r\n\r\n"),
              501)
        << encoding;
  }
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            501);
}

TEST_F(HttpServerRefuses, BadChunks) {
  const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(StatusAndClose(head + "zz\r\n"), 400);
  EXPECT_EQ(StatusAndClose(head + "3\r\nabcdef\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(StatusAndClose(head + "fffffffffffffffff\r\n"), 400);
}

TEST_F(HttpServerRefuses, AHeadThatIsTooLarge) {
  options_.max_head_bytes = 2000;
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(3000, 'x')), 431);
  EXPECT_EQ(StatusAndClose("GET /" + std::string(3000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 431);
  // The request line and the headers count together.
  EXPECT_EQ(StatusAndClose("GET /" + std::string(1500, 'x') +
                           " HTTP/1.1\r\nHost: h\r\nA: " + std::string(1500, 'x') + "\r\n\r\n"),
            431);
  EXPECT_EQ(observer_.refused(RefusalReason::kHeadersTooLarge), 3);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(1900, 'x') + "\r\n\r\n").status,
            200);
}

TEST_F(HttpServerRefuses, ABodyThatIsTooLarge) {
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n"), 413);
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  const std::string head = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(StatusAndClose(head + chunk + chunk + chunk), 413);
  EXPECT_EQ(observer_.refused(RefusalReason::kBodyTooLarge), 2);
  EXPECT_EQ(Ask(head + chunk + chunk + "0\r\n\r\n").status, 200);
}

TEST_F(HttpServerRefuses, ALargeBodyBeforeItIsSent) {
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                           "Content-Length: 5000\r\n\r\n"),
            413);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n"
                           "Content-Length: 5\r\n\r\n"),
            417);
}

TEST_F(HttpServerRefuses, TheAnswerSurvivesABodyThatIsStillBeingSent) {
  Start();
  RawHttpClient client = Connect();
  client.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
  client.Send(std::string(3'000'000, 'x'));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(HttpServerRefuses, AtTheHeadAndGoesOnWhenThereIsNoBody) {
  Start();
  RawHttpClient client = Connect();
  EXPECT_EQ(client.Ask("GET", "/refuse").status, 405);
  EXPECT_EQ(client.Ask("GET", "/next").status, 200);
  EXPECT_EQ(client.Ask("PUT", "/refuse", "body").status, 405);
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpServerRefuses, ARequestThatIsCutShort) {
  Start();
  RawHttpClient client = Connect();
  client.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  client.ShutdownSend();
  EXPECT_EQ(client.Receive().status, 400);
  EXPECT_EQ(observer_.started, 0);
}

TEST_F(HttpServerRefuses, AndNamesTheAnswer) {
  Start();
  RawHttpClient cut = Connect();
  cut.Send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\n");
  cut.ShutdownSend();
  const RawResponse first = cut.Receive();
  EXPECT_EQ(first.status, 400);
  EXPECT_TRUE(IsRequestId(first.Header("x-request-id")));

  // What was parsed before the fault counts.
  RawHttpClient bad = Connect();
  bad.Send("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\nno colon\r\n\r\n");
  EXPECT_EQ(bad.Receive().Header("x-request-id"), "mine");
}

TEST_F(HttpServerRefuses, AndNeverUsesTheNameOfAnEarlierRequest) {
  Start();
  RawHttpClient client = Connect();
  EXPECT_EQ(client.Ask("GET", "/", "", "X-Request-Id: first\r\n").Header("x-request-id"), "first");
  client.Send("not HTTP\r\n\r\n");
  const RawResponse second = client.Receive();
  EXPECT_EQ(second.status, 400);
  EXPECT_TRUE(IsRequestId(second.Header("x-request-id")));
  EXPECT_NE(second.Header("x-request-id"), "first");
}

TEST_F(HttpServerRefuses, SlowHeadsAndBodies) {
  options_.read_timeout = absl::Milliseconds(100);
  EXPECT_EQ(StatusAndClose("GET / HTTP/1.1\r\nHos"), 408);
  EXPECT_EQ(StatusAndClose("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"), 408);
  EXPECT_EQ(observer_.refused(RefusalReason::kReadTimeout), 2);
}

TEST_F(HttpServerRefuses, DripFedRequests) {
  options_.read_timeout = absl::Milliseconds(100);
  Start();
  RawHttpClient client = Connect();
  client.Send("GET / HTTP/1.1\r\n");
  // Each byte arrives in time, but not the whole.
  while (observer_.refused(RefusalReason::kReadTimeout) == 0 && client.Send("A: b\r\n")) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_EQ(client.Receive().status, 408);
}

TEST_F(HttpServerRefuses, ToKeepIdleConnections) {
  options_.idle_timeout = absl::Milliseconds(50);
  Start();
  RawHttpClient silent = Connect();
  RawHttpClient once = Connect();
  once.Ask("GET", "/");
  EXPECT_TRUE(silent.AtEnd());  // without a word
  EXPECT_TRUE(once.AtEnd());
}

TEST_F(HttpServerRefuses, ToWaitForClientsThatDoNotRead) {
  options_.write_timeout = absl::Milliseconds(100);
  Start();
  RawHttpClient client = Connect();
  client.Send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(Eventually([this] { return observer_.refused(RefusalReason::kWriteTimeout) == 1; }));
  EXPECT_TRUE(Eventually([this] { return observer_.connections == 0; }));
}

TEST_F(HttpServerRefuses, MoreConnectionsThanAllowed) {
  options_.max_connections = 2;
  Start();
  RawHttpClient first = Connect();
  RawHttpClient second = Connect();
  EXPECT_EQ(first.Ask("GET", "/").status, 200);
  EXPECT_EQ(second.Ask("GET", "/").status, 200);
  {
    RawHttpClient third = Connect();
    const RawResponse refused = third.Receive();
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(IsRequestId(refused.Header("x-request-id")));
    EXPECT_TRUE(third.AtEnd());
  }
  EXPECT_EQ(observer_.refused(RefusalReason::kTooManyConnections), 1);
  EXPECT_EQ(first.Ask("GET", "/").status, 200);
}

TEST_F(HttpServerRefuses, ACrowdOfOneAddressWithoutKeepingOutTheOthers) {
  constexpr size_t kServed = 64;
  options_.max_connections = kServed;
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> crowd;
  for (size_t i = 0; i < 5 * kServed + 256; ++i) {
    crowd.push_back(std::make_unique<RawHttpClient>(server_->port(), 2));
  }
  RawHttpClient other(server_->port(), 3);
  EXPECT_EQ(other.Ask("GET", "/").status, 200);
  EXPECT_EQ(crowd.front()->Ask("GET", "/").status, 200);
  EXPECT_EQ(crowd.back()->Receive().status, 503) << "told why, however many are refused";
  EXPECT_LE(observer_.connections.load(), 2 * static_cast<int>(kServed));
}

TEST_F(HttpServerRefuses, BodiesBeyondTheBytesHeldForAll) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  RawHttpClient holder = Connect();
  holder.Send("PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: 900001\r\n\r\n" +
              std::string(900'000, 'x'));
  // Which of the two is refused depends on who sends first; one of them must be, as neither ends.
  RawHttpClient second = Connect();
  second.Send("PUT /large HTTP/1.1\r\nHost: h\r\nContent-Length: 900001\r\n\r\n" +
              std::string(900'000, 'x'));
  EXPECT_TRUE(Eventually([this] { return observer_.refused(RefusalReason::kMemory) >= 1; }));
  holder.Send("x");
  second.Send("x");
  const int first_status = holder.Receive().status;
  const int second_status = second.Receive().status;
  EXPECT_TRUE(first_status == 503 || second_status == 503);
  // What was held is given back, a moment after the answer was sent.
  EXPECT_TRUE(Eventually(
      [this] { return Connect().Ask("PUT", "/large", std::string(900'000, 'x')).status == 200; }));
}

// While it grows, the buffer before and the next one are held beside each other.
TEST_F(HttpServerRefuses, BodiesWhoseBufferHasNoRoomToGrow) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  RawHttpClient holder = Connect();
  holder.Send("GET /reserve/300000 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  EXPECT_EQ(Connect().Ask("PUT", "/large", std::string(400'000, 'x')).status, 503);
  EXPECT_EQ(observer_.refused(RefusalReason::kMemory), 1);
  service_.Release();
  EXPECT_EQ(holder.Receive().status, 200);
  EXPECT_TRUE(Eventually(
      [this] { return Connect().Ask("PUT", "/large", std::string(400'000, 'x')).status == 200; }));
}

TEST_F(HttpServerRefuses, AnswersThatFindNoRoom) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  auto slow = std::make_unique<RawHttpClient>(server_->port());
  slow->Send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");  // alone: it has room, and is not read
  ASSERT_TRUE(Eventually([this] { return server_->held_bytes() > EchoService::kBigBytes / 2; }));
  RawHttpClient other = Connect();
  EXPECT_EQ(other.Ask("GET", "/big").status, 503);
  EXPECT_EQ(observer_.refused(RefusalReason::kMemory), 1);
  EXPECT_EQ(other.Ask("GET", "/small").status, 200) << "the same connection, a small answer";
  EXPECT_EQ(other.Ask("GET", "/big-write").status, 200) << "it says what was done";
  slow.reset();
  EXPECT_TRUE(Eventually([&] { return other.Ask("GET", "/big").status == 200; }));
  EXPECT_TRUE(Eventually([this] { return server_->held_bytes() == 0; }));
}

TEST_F(HttpServerRefuses, HeadsBeyondTheBytesHeldForAll) {
  options_.max_buffered_bytes = 100'000;
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawHttpClient>(server_->port()));
    clients.back()->Send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x'));
  }
  EXPECT_TRUE(Eventually([this] { return observer_.refused(RefusalReason::kMemory) >= 5; }));
  EXPECT_EQ(Connect().Ask("GET", "/small").status, 200);
}

// A buffer that a large request needed does not stay with the connection that waits for the next.
TEST_F(HttpServerRefuses, NothingForWhatIsOver) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  std::vector<std::unique_ptr<RawHttpClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawHttpClient>(server_->port()));
    ASSERT_EQ(clients.back()->Ask("PUT", "/large", std::string(300'000, 'x')).status, 200) << i;
    ASSERT_TRUE(Eventually([this] { return server_->held_bytes() == 0; })) << i;
  }
}

TEST_F(HttpServerRefuses, ReservationsThatFindNoRoom) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  RawHttpClient holder = Connect();
  holder.Send("GET /reserve/500000 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  EXPECT_GE(server_->held_bytes(), 500'000u - HeldBytes::kUncountedBytes);
  EXPECT_EQ(Ask("GET /reserve/500000 HTTP/1.1\r\nHost: h\r\n\r\n").status, 503);
  service_.Release();
  EXPECT_EQ(holder.Receive().status, 200);
  EXPECT_TRUE(Eventually([this] { return server_->held_bytes() == 0; }));
}

// What is kept for small requests is for those that say that they are small.
TEST_F(HttpServerRefuses, ChunkedBodiesWhereThereIsRoomForSmallOnesAlone) {
  options_.max_buffered_bytes = 1'000'000;
  Start();
  RawHttpClient holder = Connect();
  holder.Send("GET /reserve/870000 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(Eventually([this] { return service_.holds(); }));
  RawHttpClient chunked = Connect();
  chunked.Send("PUT /large HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7530\r\n" +
               std::string(30'000, 'x'));
  EXPECT_EQ(chunked.Receive().status, 503);
  EXPECT_EQ(observer_.refused(RefusalReason::kMemory), 1);
  EXPECT_EQ(Connect().Ask("PUT", "/large", std::string(30'000, 'x')).status, 200);
  service_.Release();
  EXPECT_EQ(holder.Receive().status, 200);
}

}  // namespace
}  // namespace kache
