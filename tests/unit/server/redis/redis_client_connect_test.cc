// How a RedisClient makes, refuses and remakes its connection, against servers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "tests/testing/blocking_redis.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/fake_redis.h"
#include "tests/testing/ports.h"

namespace kache::redis {
namespace {

using ::kache::testing::BlockingRedis;
using ::kache::testing::ClientUnderTest;
using ::kache::testing::FakeRedis;
using ::kache::testing::FreePort;
using ::kache::testing::ListenOnFreePort;
using ::testing::HasSubstr;

ClientOptions Quick() {
  ClientOptions options;
  options.connect_timeout = absl::Milliseconds(200);
  options.reconnect_min = absl::Milliseconds(2);
  options.reconnect_max = absl::Milliseconds(20);
  return options;
}

Endpoint At(std::string host, uint16_t port) { return {std::move(host), port, "", "", 0}; }

TEST(RedisClientConnect, SaysThatNobodyListens) {
  ClientUnderTest client(At("127.0.0.1", FreePort()), Quick());
  ASSERT_TRUE(client.WaitUntilDown("connection_refused"));
  EXPECT_FALSE(client->Ready());
  EXPECT_EQ(client->counters().connects, 0u);
  EXPECT_EQ(client->counters().disconnects, 0u) << "it was never connected";
}

TEST(RedisClientConnect, SaysThatTheNameIsUnknown) {
  ClientUnderTest client(At("no-such-host.invalid", 6379), Quick());
  EXPECT_TRUE(client.RunUntil([&] { return !client.observed().down.empty(); }));
  // Without any name server the look-up may take longer than we wait.
  EXPECT_THAT(client.observed().LastReason(),
              ::testing::AnyOf("name_not_found", "connect_timeout"));
}

TEST(RedisClientConnect, LooksNamesUp) {
  FakeRedis server;
  ClientUnderTest client(At("localhost", server.endpoint().port), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
}

TEST(RedisClientConnect, TriesEveryAddressOfAName) {
  // Only on IPv4, while "localhost" usually names ::1 first: refused there, it goes on.
  FakeRedis server;
  ClientOptions options = Quick();
  options.connect_timeout = absl::Seconds(10);
  ClientUnderTest client(At("localhost", server.endpoint().port), options);
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_TRUE(client.observed().down.empty());
}

TEST(RedisClientConnect, GivesUpOnAHostThatDropsItsPackets) {
  // One connection fills this backlog: Linux then drops the packets that ask for another.
  uint16_t port = 0;
  const int listening = ListenOnFreePort(&port, 0);
  const BlockingRedis filler(port);
  ASSERT_TRUE(filler.connected());
  ClientUnderTest client(At("127.0.0.1", port), Quick());
  EXPECT_TRUE(client.WaitUntilDown("connect_timeout"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("cannot connect to 127.0.0.1"));
  close(listening);
}

TEST(RedisClientConnect, GivesUpOnAServerThatNeverSpeaks) {
  FakeRedis server;
  server.FallSilent();
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("accepted the connection and does not"));
  server.BePolite();
  EXPECT_TRUE(client.WaitUntilReady()) << "and tries again";
}

TEST(RedisClientConnect, RefusesAServerThatIsStillLoading) {
  FakeRedis server;
  server.OnCommand("PING", "-LOADING Redis is loading the dataset in memory\r\n");
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilDown("loading"));
  server.OnCommand("PING", "+PONG\r\n");
  ASSERT_TRUE(client.WaitUntilReady());
}

TEST(RedisClientConnect, ReadsTheReasonThatCameBeforeTheClose) {
  FakeRedis server;
  server.OnCommand("INFO server", "-ERR max number of clients reached\r\n");
  server.OnCommand("INFO replication", FakeRedis::kClose);
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilDown("too_many_clients"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("max number of clients"));
}

TEST(RedisClientConnect, RefusesAServerOfAnotherProtocol) {
  FakeRedis server;
  server.OnCommand("", "HTTP/1.1 400 Bad Request\r\n\r\n");
  server.OnCommand("INFO server", "HTTP/1.1 400 Bad Request\r\n\r\n");
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilDown("not_redis"));
  EXPECT_THAT(client.observed().down[0].message,
              HasSubstr("begins with 'HTTP/1.1 400 Bad Request'"));
}

TEST(RedisClientConnect, SaysThatTheServerClosesWithoutAnAnswer) {
  FakeRedis server;
  server.OnCommand("INFO server", FakeRedis::kClose);
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilDown("closed_unanswered"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("rediss://"));
}

TEST(RedisClientConnect, ConnectsToAServerThatAnswersByteByByte) {
  FakeRedis server;
  server.SendInSingleBytes();
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"GET", "k"})->text, "OK");
}

TEST(RedisClientConnect, WaitsLongerAndLongerBetweenItsTries) {
  FakeRedis server;
  server.OnCommand("INFO server", FakeRedis::kClose);
  ClientOptions options = Quick();
  options.reconnect_min = absl::Milliseconds(20);
  options.reconnect_max = absl::Milliseconds(80);
  ClientUnderTest client(server.endpoint(), options);
  const auto start = std::chrono::steady_clock::now();
  constexpr size_t kTries = 10;
  ASSERT_TRUE(client.RunUntil([&] { return client.observed().down.size() >= kTries; }));
  // Each wait is at least the minimum: no hot retry.
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(9 * 20));
  EXPECT_TRUE(client.RunUntil([&] { return server.connections() >= 10; }));
}

TEST(RedisClientConnect, StartsOverAfterAConnectionThatWasReady) {
  FakeRedis server;
  server.OnCommand("INFO server", FakeRedis::kClose);
  ClientOptions options = Quick();
  options.reconnect_max = absl::Seconds(30);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.RunUntil([&] { return client.observed().down.size() >= 4; }));
  server.BePolite();
  ASSERT_TRUE(client.WaitUntilReady());
  for (uint64_t round = 2; round < 12; ++round) {
    server.CloseAll();
    // With the waits of the failures before, ten rounds would take minutes.
    ASSERT_TRUE(client.RunUntil([&] { return client->counters().connects >= round; }));
  }
  EXPECT_EQ(client->counters().disconnects, 10u);
}

TEST(RedisClientConnect, SaysWhenItAskedTheServer) {
  FakeRedis server;
  const auto before = std::chrono::steady_clock::now();
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_GE(client.observed().connected[0].asked_at, before);
  EXPECT_LE(client.observed().connected[0].asked_at, std::chrono::steady_clock::now());
}

TEST(RedisClientConnect, MakesAnotherConnectionWhenItIsToldTo) {
  FakeRedis server;
  ClientUnderTest client(server.endpoint(), Quick());
  client->Reconnect({"process_changed", "not connected yet"});
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_TRUE(client.observed().down.empty()) << "nothing to be made anew";
  server.OnCommand("GET", FakeRedis::kSilence);
  client.Send(redis::Command::Of({"GET", "k"}));
  client->Reconnect({"process_changed", "for people"});
  EXPECT_FALSE(client->Ready());
  EXPECT_EQ(client.observed().LastReason(), "process_changed");
  ASSERT_TRUE(client.WaitForAnswers(1));
  EXPECT_TRUE(absl::IsUnavailable(client.answers()[0].status()));
  ASSERT_TRUE(client.RunUntil([&] { return client->counters().connects == 2; }));
  EXPECT_EQ(server.connections(), 2);
}

TEST(RedisClientConnect, IsDestroyedInAnyState) {
  FakeRedis server;
  server.FallSilent();
  { ClientUnderTest never_run(server.endpoint(), Quick()); }
  {
    ClientUnderTest looking_up(At("no-such-host.invalid", 6379), Quick());
    looking_up.runner().RunFor(absl::Milliseconds(3));
  }
  {
    ClientUnderTest handshaking(server.endpoint(), Quick());
    ASSERT_TRUE(handshaking.RunUntil([&] { return server.Count("INFO server") > 0; }));
  }
  {
    ClientUnderTest waiting(At("127.0.0.1", FreePort()), Quick());
    ASSERT_TRUE(waiting.WaitUntilDown("connection_refused"));
  }
}

}  // namespace
}  // namespace kache::redis
