// A real redis-server that dies, freezes, restarts or throws the client out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/client_under_test.h"
#include "tests/testing/redis_server.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::RedisServer;

ClientOptions Quick() {
  ClientOptions options;
  options.connect_timeout = absl::Milliseconds(200);
  options.reconnect_min = absl::Milliseconds(5);
  options.reconnect_max = absl::Milliseconds(50);
  return options;
}

TEST(RedisClientFailures, ReconnectsToAServerThatWasKilled) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  const std::string run_id = client.observed().connected[0].run_id;
  server.Kill();
  ASSERT_TRUE(client.WaitUntilDown("connection_lost"));
  EXPECT_EQ(client.Run({"GET", "k"}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(client.WaitUntilDown("connection_refused"));
  server.Restart();
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"PING"})->text, "PONG");
  EXPECT_NE(client.observed().connected[1].run_id, run_id);
  EXPECT_EQ(client->counters().connects, 2u);
  EXPECT_EQ(client->counters().disconnects, 1u);
}

TEST(RedisClientFailures, AnswersEveryWaitingCommandOfADeadServer) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  server.Freeze();
  constexpr size_t kCommands = 1000;
  for (size_t i = 0; i < kCommands; ++i) client.Send(Command::Of({"INCR", "k"}));
  client.runner().RunFor(absl::Milliseconds(10));
  server.Kill();
  ASSERT_TRUE(client.WaitForAnswers(kCommands));
  for (const auto& answer : client.answers()) {
    ASSERT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(client->counters().waiting_commands, 0u);
  EXPECT_EQ(client->counters().queued_bytes, 0u);
}

TEST(RedisClientFailures, LeavesAFrozenServerAndComesBack) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  server.Freeze();
  for (int i = 0; i < 5; ++i) client.Send(Command::Of({"GET", "k"}), absl::Milliseconds(50));
  ASSERT_TRUE(client.WaitForAnswers(5));
  for (const auto& answer : client.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  // The kernel still accepts connections for it; nobody answers on them.
  client.observed().down.clear();
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  EXPECT_THAT(client.observed().down[0].message, ::testing::HasSubstr("accepted the connection"));
  server.Thaw();
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"PING"})->text, "PONG");
}

TEST(RedisClientFailures, SurvivesAShortFreeze) {
  RedisServer server;
  ClientOptions options = Quick();
  options.silence_limit = absl::Seconds(10);
  options.ping_timeout = absl::Seconds(10);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.Freeze();
  for (int i = 0; i < 5; ++i) client.Send(Command::Of({"INCR", "k"}), absl::Milliseconds(20));
  ASSERT_TRUE(client.WaitForAnswers(5));
  EXPECT_EQ(client->counters().timeouts, 5u);
  server.Thaw();
  EXPECT_EQ(client.Run({"GET", "k"})->text, "5") << "timed out, and yet carried out";
  EXPECT_EQ(client->counters().late_replies, 5u);
  EXPECT_TRUE(client.observed().down.empty());
}

TEST(RedisClientFailures, NoticesAFrozenServerByItsPing) {
  RedisServer server;
  ClientOptions options = Quick();
  options.ping_interval = absl::Milliseconds(50);
  options.ping_timeout = absl::Milliseconds(200);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.RunUntil([&] { return client.observed().pings.size() >= 2; }));
  server.Freeze();
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  server.Thaw();
  ASSERT_TRUE(client.WaitUntilReady());
}

TEST(RedisClientFailures, KeepsWritingToAFrozenServerOnlyUpToItsBound) {
  RedisServer server;
  ClientOptions options = Quick();
  options.silence_limit = absl::Seconds(20);
  options.ping_timeout = absl::Seconds(20);
  options.max_queue_bytes = size_t{8} << 20;
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.Freeze();
  const std::string large(100000, 'x');
  constexpr size_t kCommands = 200;
  for (size_t i = 0; i < kCommands; ++i) {
    client.Send(Command::Of({"SET", "k" + std::to_string(i), large}));
    client.runner().RunFor(absl::Milliseconds(1));  // many turns: full socket buffers too
  }
  EXPECT_LE(client->counters().queued_bytes, options.max_queue_bytes);
  const uint64_t refused = client->counters().queue_full;
  EXPECT_GT(refused, 100u);
  server.Thaw();
  ASSERT_TRUE(client.WaitForAnswers(kCommands));
  size_t stored = 0;
  for (const auto& answer : client.answers()) stored += answer.ok() ? 1 : 0;
  EXPECT_EQ(stored + refused, kCommands);
  EXPECT_EQ(client.Run({"DBSIZE"})->integer, static_cast<int64_t>(stored));
}

TEST(RedisClientFailures, ReconnectsAfterClientKill) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  for (uint64_t round = 1; round <= 5; ++round) {
    server.CloseConnections();
    ASSERT_TRUE(client.RunUntil([&] { return client->counters().connects == round + 1; }));
  }
  EXPECT_EQ(client.observed().LastReason(), "connection_lost");
  EXPECT_EQ(client.Run({"PING"})->text, "PONG");
}

TEST(RedisClientFailures, LoadsItsScriptsOnEveryConnection) {
  const Script one("one", "return 1");
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick(), {&one});
  ASSERT_TRUE(client.WaitUntilReady());
  server.Restart();  // a new process knows no scripts
  ASSERT_TRUE(client.RunUntil([&] { return client->counters().connects == 2; }));
  EXPECT_EQ(client.Run(Command::Call(one, {}, {}))->integer, 1);
  EXPECT_EQ(client->counters().script_reloads, 0u);
}

TEST(RedisClientFailures, IsDestroyedWithCommandsOnTheirWay) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Quick());
  ASSERT_TRUE(client.WaitUntilReady());
  for (int i = 0; i < 100; ++i) client.Send(Command::Of({"SET", "k", std::string(100000, 'x')}));
  client.runner().RunFor(absl::Milliseconds(2));
  client.Destroy();
  EXPECT_EQ(client.answers().size(), 100u);
}

}  // namespace
}  // namespace kache::redis
