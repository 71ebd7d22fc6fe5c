// Requests that a Redis server's own limits do not allow: each costs only itself.
#include <gtest/gtest.h>

#include <string>

#include "base/error_details.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/redis_server.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::RedisServer;

constexpr size_t kLarge = size_t{2} << 20;

ClientOptions Resuming() {
  ClientOptions options;
  options.silence_limit = absl::Seconds(20);
  options.ping_timeout = absl::Seconds(20);
  options.resume_limit = absl::Seconds(20);
  options.connect_timeout = absl::Seconds(20);
  return options;
}

// Which of the answers, in the order in which they came, are refusals for good; all others are OK.
size_t CountRefused(const ClientUnderTest& client) {
  size_t refused = 0;
  for (const auto& answer : client.answers()) {
    if (answer.ok()) {
      EXPECT_FALSE(answer->IsError()) << answer->text;
      continue;
    }
    ++refused;
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(answer.status()), kNodeLimit);
  }
  return refused;
}

// Nobody was told that a connection was lost, and it works.
void ExpectUnnoticed(ClientUnderTest& client) {
  EXPECT_TRUE(client.observed().down.empty());
  EXPECT_EQ(client.observed().connected.size(), 1u);
  EXPECT_EQ(client.Run({"PING"})->text, "PONG");
}

TEST(RedisClientLimits, AnArgumentThatIsTooLong) {
  RedisServer server({"--proto-max-bulk-len", "1mb"});
  ClientUnderTest client(server.endpoint(), Resuming());
  ASSERT_TRUE(client.WaitUntilReady());
  const std::string large(kLarge, 'x');
  for (int i = 0; i < 10; ++i) {
    client.Send(Command::Of({"SET", "k" + std::to_string(i), "v"}));
    if (i % 3 == 0) client.Send(Command::Of({"SET", "large", large}));
  }
  ASSERT_TRUE(client.WaitForAnswers(14));
  EXPECT_EQ(CountRefused(client), 4u);
  EXPECT_EQ(client.Run({"DBSIZE"})->integer, 10);
  ExpectUnnoticed(client);
}

TEST(RedisClientLimits, AReplyThatIsTooLong) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Resuming());
  ASSERT_TRUE(client.WaitUntilReady());
  server.Run({"SET", "large", std::string(kLarge, 'x')});
  server.Run({"SET", "small", "v"});
  server.Run({"CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0"});
  for (int i = 0; i < 20; ++i) {
    client.Send(Command::Of({"GET", "small"}));
    if (i % 10 == 5) client.Send(Command::Of({"GET", "large"}));
  }
  ASSERT_TRUE(client.WaitForAnswers(22));
  EXPECT_EQ(CountRefused(client), 2u);
  ExpectUnnoticed(client);
}

// Each fits, and all of them together do not.
TEST(RedisClientLimits, RepliesThatAreTooLongTogether) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Resuming());
  ASSERT_TRUE(client.WaitUntilReady());
  server.Run({"SET", "large", std::string(kLarge, 'x')});
  server.Run({"CONFIG", "SET", "client-output-buffer-limit", "normal 3mb 0 0"});
  for (int i = 0; i < 16; ++i) client.Send(Command::Of({"GET", "large"}));
  ASSERT_TRUE(client.WaitForAnswers(16));
  EXPECT_EQ(CountRefused(client), 0u);
  ExpectUnnoticed(client);
}

TEST(RedisClientLimits, AConnectionThatIsKilled) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Resuming());
  ASSERT_TRUE(client.WaitUntilReady());
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 100; ++i) client.Send(Command::Of({"SET", "k", "v"}));
    server.CloseConnections();
    ASSERT_TRUE(client.WaitForAnswers(static_cast<size_t>(round + 1) * 100));
  }
  EXPECT_EQ(CountRefused(client), 0u);
  ExpectUnnoticed(client);
}

TEST(RedisClientLimits, AProcessThatEndedIsNoLimit) {
  RedisServer server;
  ClientUnderTest client(server.endpoint(), Resuming());
  ASSERT_TRUE(client.WaitUntilReady());
  server.Restart();
  ASSERT_TRUE(client.RunUntil([&] { return client.observed().connected.size() == 2; }));
  EXPECT_FALSE(client.observed().down.empty());
  EXPECT_NE(client.observed().connected[0].run_id, client.observed().connected[1].run_id);
}

}  // namespace
}  // namespace kache::redis
