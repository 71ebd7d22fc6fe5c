// The client against a real redis-server: commands and replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/redis/redis_client.h"
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

}  // namespace
}  // namespace kache::redis
