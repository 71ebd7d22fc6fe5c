// When a RedisClient gives a silent server up, and when it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/testing/client_under_test.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_redis.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::FakeRedis;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

ClientOptions Options() {
  ClientOptions options;
  options.reconnect_min = absl::Milliseconds(2);
  options.reconnect_max = absl::Milliseconds(20);
  options.silence_limit = absl::Milliseconds(60);
  options.ping_timeout = absl::Milliseconds(300);
  return options;
}

void SendThreeThatTimeOut(ClientUnderTest& client) {
  for (int i = 0; i < 3; ++i) client.Send(Command::Of({"GET", "k"}), absl::Milliseconds(20));
}

TEST(RedisClientSilence, LeavesAServerThatLetsThreeCommandsTimeOut) {
  FakeRedis server;
  ClientUnderTest client(server.endpoint(), Options());
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  EXPECT_FALSE(client->Silent()) << "nothing waits";
  EXPECT_EQ(client->Silence(), absl::ZeroDuration());
  const auto start = steady_clock::now();
  client.Send(Command::Of({"GET", "patient"}));
  SendThreeThatTimeOut(client);
  ASSERT_TRUE(client.RunUntil([&] { return client->Silent(); }));
  EXPECT_GE(client->Silence(), Options().silence_limit / 2);
  EXPECT_TRUE(client->Ready());
  ASSERT_TRUE(client.WaitForAnswers(4));
  EXPECT_GE(steady_clock::now() - start, milliseconds(60));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(client.answers()[i].status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_EQ(client.answers()[3].status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client.observed().LastReason(), "unresponsive");
  EXPECT_EQ(client->counters().timeouts, 3u);
  EXPECT_EQ(client->counters().disconnects, 1u);
  EXPECT_FALSE(client->Silent()) << "not connected is not silent";
  EXPECT_EQ(client->Silence(), absl::ZeroDuration());
}

TEST(RedisClientSilence, WaitsForThePingTimeoutAfterOneTimeout) {
  FakeRedis server;
  ClientUnderTest client(server.endpoint(), Options());
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  const auto start = steady_clock::now();
  client.Send(Command::Of({"GET", "k"}), absl::Milliseconds(20));
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  EXPECT_GE(steady_clock::now() - start, milliseconds(300));
}

TEST(RedisClientSilence, NoticesAnIdleServerByItsPings) {
  FakeRedis server;
  ClientOptions options = Options();
  options.ping_interval = absl::Milliseconds(20);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.RunUntil([&] { return client.observed().pings.size() >= 3; }));
  for (absl::Duration round_trip : client.observed().pings) {
    EXPECT_GT(round_trip, absl::ZeroDuration());
    EXPECT_LT(round_trip, absl::Seconds(10));
  }
  EXPECT_EQ(client->counters().commands, 0u) << "pings are no commands";
  server.OnCommand("PING", FakeRedis::kSilence);
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
}

TEST(RedisClientSilence, DoesNotTakeBusyForALivingPing) {
  FakeRedis server;
  ClientOptions options = Options();
  options.ping_interval = absl::Milliseconds(5);
  options.ping_timeout = absl::Seconds(10);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("PING", "-BUSY Redis is busy running a script.\r\n");
  const int before = server.Count("PING");
  ASSERT_TRUE(client.RunUntil([&] { return server.Count("PING") >= before + 3; }));
  const size_t pings = client.observed().pings.size();
  ASSERT_TRUE(client.RunUntil([&] { return server.Count("PING") >= before + 6; }));
  EXPECT_EQ(client.observed().pings.size(), pings);
  EXPECT_TRUE(client->Ready());
}

TEST(RedisClientSilence, LeavesAServerThatRefusesItsPing) {
  FakeRedis server;
  ClientOptions options = Options();
  options.ping_interval = absl::Milliseconds(5);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("PING", "-NOAUTH Authentication required.\r\n");
  ASSERT_TRUE(client.WaitUntilDown("auth_failed"));
}

TEST(RedisClientSilence, StaysWithAServerThatIsSlowButSpeaks) {
  FakeRedis server;
  ClientUnderTest client(server.endpoint(), Options());
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  const auto end = steady_clock::now() + milliseconds(300);
  size_t sent = 0;
  while (steady_clock::now() < end) {
    SendThreeThatTimeOut(client);
    sent += 3;
    ASSERT_TRUE(client.WaitForAnswers(sent));
    server.SendNow("+late\r\n+late\r\n+late\r\n");
    ASSERT_TRUE(client.RunUntil([&] { return client->counters().late_replies == sent; }));
  }
  EXPECT_TRUE(client.observed().down.empty());
  EXPECT_EQ(client->counters().timeouts, sent);
}

TEST(RedisClientSilence, HasMorePatienceWhileTheFaultIsLikelyOurs) {
  FakeRedis server;
  bool suspicious = true;
  int asked = 0;
  ClientUnderTest client(server.endpoint(), Options(), {}, [&] {
    ++asked;
    return suspicious;
  });
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  const auto start = steady_clock::now();
  SendThreeThatTimeOut(client);
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  EXPECT_GE(steady_clock::now() - start, milliseconds(4 * 60));
  EXPECT_GT(asked, 0);

  ASSERT_TRUE(client.WaitUntilReady());
  suspicious = false;
  asked = 0;
  SendThreeThatTimeOut(client);
  ASSERT_TRUE(client.RunUntil([&] { return client->counters().disconnects == 2; }));
  EXPECT_EQ(asked, 1) << "asked, and given up at once";
}

TEST(RedisClientSilence, ReadsBeforeItDeclaresATimeoutAfterAStall) {
  FakeRedis server;
  ClientUnderTest client(server.endpoint(), Options());
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  for (int i = 0; i < 100; ++i) client.Send(Command::Of({"GET", "k"}), absl::Milliseconds(300));
  // This process is held up in a turn whose tick is due already: the answers come meanwhile, and
  // are not among what this turn reads.
  client.runner().loop().PostFunction([&] {
    std::this_thread::sleep_for(milliseconds(20));
    client.runner().loop().PostFunction([&] {
      for (int i = 0; i < 100; ++i) server.SendNow("+OK\r\n");
      std::this_thread::sleep_for(milliseconds(500));
    });
  });
  ASSERT_TRUE(client.WaitForAnswers(100));
  for (const auto& answer : client.answers()) EXPECT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(client->counters().timeouts, 0u);
  EXPECT_TRUE(client.observed().down.empty());
}

TEST(RedisClientSilence, ForgivesTheServerWhatThisProcessMissed) {
  FakeRedis server;
  ClientOptions options = Options();
  options.silence_limit = absl::Milliseconds(200);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.OnCommand("GET", FakeRedis::kSilence);
  SendThreeThatTimeOut(client);
  client.runner().loop().PostFunction([&] {
    client.runner().loop().PostFunction([&] {  // once the commands have left
      EXPECT_TRUE(Eventually([&] { return server.Count("GET") == 3; }));
      std::this_thread::sleep_for(milliseconds(500));
    });
  });
  // Far beyond all limits, yet of all that time the server had only a little.
  ASSERT_TRUE(client.WaitForAnswers(3));
  EXPECT_TRUE(client->Ready());
  server.SendNow("+late\r\n+late\r\n+late\r\n");
  ASSERT_TRUE(client.RunUntil([&] { return client->counters().late_replies == 3; }));
  EXPECT_TRUE(client.observed().down.empty());
}

}  // namespace
}  // namespace kache::redis
