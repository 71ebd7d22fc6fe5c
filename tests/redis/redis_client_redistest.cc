// The client against a real redis-server: commands and replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/redis/redis_client.h"
#include "server/redis/reply_window.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/redis_server.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::RedisServer;

const Script kEcho("echo", "return {KEYS[1], ARGV[1]}");

TEST(RedisClient, TellsWhatTheServerIs) {
  RedisServer server;
  ClientUnderTest client(server.endpoint());
  EXPECT_FALSE(client->Ready());
  ASSERT_TRUE(client.WaitUntilReady());
  ASSERT_EQ(client.observed().connected.size(), 1u);
  const ServerFacts& facts = client.observed().connected[0];
  EXPECT_EQ(facts.run_id.size(), 40u);
  EXPECT_THAT(server.Run({"INFO", "server"}).text, ::testing::HasSubstr(facts.run_id));
  EXPECT_THAT(server.Run({"INFO", "server"}).text,
              ::testing::HasSubstr("redis_version:" + facts.version));
  EXPECT_THAT(client.observed().nodes, ::testing::Each(NodeId(7)));
  EXPECT_TRUE(client.observed().down.empty());
  EXPECT_EQ(client->counters().connects, 1u);
}

TEST(RedisClient, CarriesAnyByte) {
  RedisServer server;
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilReady());
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "\r\n$3\r\n%s%b\0";
  EXPECT_EQ(client.Run({"SET", bytes, bytes})->text, "OK");
  EXPECT_EQ(client.Run({"GET", bytes})->text, bytes);
  EXPECT_EQ(client.Run({"SET", "", ""})->text, "OK");
  EXPECT_EQ(client.Run({"GET", ""})->text, "");
  EXPECT_TRUE(client.Run({"GET", "absent"})->IsNil());
}

TEST(RedisClient, AnswersTenThousandPipelinedCommandsInOrder) {
  RedisServer server;
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilReady());
  constexpr size_t kCommands = 10000;
  for (size_t i = 0; i < kCommands; ++i) client.Send(Command::Of({"ECHO", std::to_string(i)}));
  EXPECT_EQ(client->counters().commands, kCommands);
  EXPECT_EQ(client->counters().waiting_commands, kCommands);
  EXPECT_GT(client->counters().queued_bytes, kCommands * 20);
  ASSERT_TRUE(client.WaitForAnswers(kCommands));
  for (size_t i = 0; i < kCommands; ++i) ASSERT_EQ(client.answers()[i]->text, std::to_string(i));
  EXPECT_EQ(client->counters().waiting_commands, 0u);
  EXPECT_EQ(client->counters().queued_bytes, 0u);
  EXPECT_EQ(client->counters().error_replies, 0u);
}

TEST(RedisClient, CallsScripts) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), {}, {&kEcho});
  ASSERT_TRUE(client.WaitUntilReady());
  const auto reply = client.Run(Command::Call(kEcho, {"key"}, {"argument"}));
  ASSERT_EQ(reply->elements.size(), 2u);
  EXPECT_EQ(reply->elements[0].text, "key");
  EXPECT_EQ(reply->elements[1].text, "argument");
  EXPECT_EQ(client->counters().script_reloads, 0u);
}

TEST(RedisClient, CarriesLargeValues) {
  RedisServer server;
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilReady());
  // Small and large ones mixed, more than any socket buffer holds: nothing may change its place.
  constexpr size_t kRounds = 24;
  const std::string megabyte(1 << 20, 'x');
  for (size_t i = 0; i < kRounds; ++i) {
    const std::string key = "k" + std::to_string(i % 3);
    client.Send(Command::Of({"SET", key, megabyte + std::to_string(i)}));
    client.Send(Command::Of({"STRLEN", key}));
    client.Send(Command::Of({"GET", key}));
  }
  ASSERT_TRUE(client.WaitForAnswers(3 * kRounds));
  for (size_t i = 0; i < kRounds; ++i) {
    const std::string value = megabyte + std::to_string(i);
    EXPECT_EQ(client.answers()[3 * i]->text, "OK");
    EXPECT_EQ(client.answers()[3 * i + 1]->integer, static_cast<int64_t>(value.size()));
    EXPECT_TRUE(client.answers()[3 * i + 2]->text == value) << i;
  }
}

TEST(RedisClient, FewReadsShareALargeReply) {
  RedisServer server;
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilReady());
  const std::string large(ReplyWindow::kBytes / ReplyWindow::kAtLeast, 'x');
  ASSERT_EQ(client.Run({"SET", "k", large})->text, "OK");
  constexpr size_t kAlone = 40;  // until the client knows how large they are
  for (size_t i = 0; i < kAlone; ++i) client.Run(Command::Get("k")).IgnoreError();
  const uint64_t before = client->counters().commands;
  for (size_t i = 0; i < 2 * ReplyWindow::kAtLeast; ++i) client.Send(Command::Get("k"));
  ASSERT_TRUE(client.WaitForAnswers(2 * ReplyWindow::kAtLeast));
  for (const auto& answer : client.answers()) EXPECT_TRUE(answer->text == large);
  EXPECT_EQ(client->counters().commands - before, 2u);
  EXPECT_EQ(client->counters().reads_joined, 2 * (ReplyWindow::kAtLeast - 1));
}

TEST(RedisClient, ReloadsAScriptThatTheServerForgot) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), {}, {&kEcho});
  ASSERT_TRUE(client.WaitUntilReady());
  server.Run({"SCRIPT", "FLUSH"});
  constexpr size_t kCalls = 50;
  for (size_t i = 0; i < kCalls; ++i) {
    client.Send(Command::Call(kEcho, {"k"}, {std::to_string(i)}));
  }
  ASSERT_TRUE(client.WaitForAnswers(kCalls));
  for (size_t i = 0; i < kCalls; ++i) {
    ASSERT_EQ(client.answers()[i]->elements.size(), 2u) << client.answers()[i]->text;
    EXPECT_EQ(client.answers()[i]->elements[1].text, std::to_string(i)) << "out of order";
  }
  EXPECT_EQ(client->counters().script_reloads, 1u) << "one load serves all that waited";
  EXPECT_EQ(client->counters().error_replies, 0u);
}

TEST(RedisClient, AnswersEveryCallOfAScriptThatIsFlushedAllTheTime) {
  const Script append("append", "return redis.call('RPUSH', KEYS[1], ARGV[1])");
  RedisServer server;
  ClientUnderTest client(server.endpoint(), {}, {&append});
  ASSERT_TRUE(client.WaitUntilReady());
  constexpr size_t kCalls = 2000;
  size_t sent = 0;
  while (sent < kCalls) {
    for (int i = 0; i < 100; ++i) {
      client.Send(Command::Call(append, {"list"}, {std::to_string(sent++)}));
    }
    server.Run({"SCRIPT", "FLUSH"});
    ASSERT_TRUE(client.WaitForAnswers(sent - 50));
  }
  ASSERT_TRUE(client.WaitForAnswers(kCalls));
  for (const auto& answer : client.answers()) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->type, Reply::Type::kInteger) << answer->text;
  }
  EXPECT_GT(client->counters().script_reloads, 0u);
  EXPECT_EQ(client.Run({"LLEN", "list"})->integer, static_cast<int64_t>(kCalls));
}

TEST(RedisClient, HandsErrorsOfTheServerOn) {
  RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  const Script set("set", "return redis.call('SET', KEYS[1], ARGV[1])");
  ClientUnderTest client(server.endpoint(), {}, {&set});
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(ClassifyError(client.Run({"SET", "k", "v"})->text), ErrorKind::kOom);
  EXPECT_EQ(ClassifyError(client.Run(Command::Call(set, {"k"}, {"v"}))->text), ErrorKind::kOom);
  EXPECT_EQ(ClassifyError(client.Run({"NOSUCH"})->text), ErrorKind::kNoCommand);
  server.Run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(client.Run({"SET", "k", "v"})->text, "OK");
  EXPECT_EQ(ClassifyError(client.Run({"LPUSH", "k", "v"})->text), ErrorKind::kWrongType);
  EXPECT_EQ(client->counters().error_replies, 4u);
  EXPECT_TRUE(client->Ready());
}

TEST(RedisClient, TakesABusyServerForASlowOne) {
  const Script loop("loop", "while true do end");
  RedisServer server({"--busy-reply-threshold", "20"});
  ClientUnderTest client(server.endpoint(), {}, {&loop});
  ASSERT_TRUE(client.WaitUntilReady());
  client.Send(Command::Call(loop, {"k"}, {}), absl::Milliseconds(10));
  ASSERT_TRUE(client.WaitForAnswers(1));
  EXPECT_EQ(client.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  // Another connection is told BUSY; ours is the one that runs the script.
  ClientUnderTest other(server.endpoint());
  ASSERT_TRUE(other.WaitUntilDown("unresponsive"));
  EXPECT_THAT(other.observed().down[0].message, ::testing::HasSubstr("BUSY"));
  EXPECT_EQ(server.Run({"SCRIPT", "KILL"}).text, "OK");
  ASSERT_TRUE(other.WaitUntilReady());
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"PING"})->text, "PONG");
}

TEST(RedisClient, ChoosesItsDatabase) {
  RedisServer server;
  Endpoint endpoint = server.endpoint();
  endpoint.database = 3;
  ClientUnderTest client(endpoint);
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"SET", "k", "v"})->text, "OK");
  EXPECT_TRUE(server.Run({"GET", "k"}).IsNil());
  EXPECT_THAT(server.Run({"INFO", "keyspace"}).text, ::testing::HasSubstr("db3:keys=1"));
}

}  // namespace
}  // namespace kache::redis
