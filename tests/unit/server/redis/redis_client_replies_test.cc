// What a RedisClient makes of replies, against servers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/redis/reply_window.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/fake_redis.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::FakeRedis;
using ::testing::HasSubstr;

const Script kScript("one", "return 1");

class RedisClientReplies : public ::testing::Test {
 protected:
  static ClientOptions Options() {
    ClientOptions options;
    options.reconnect_min = absl::Milliseconds(2);
    options.reconnect_max = absl::Milliseconds(20);
    options.silence_limit = absl::Seconds(10);  // silence has tests of its own
    options.ping_timeout = absl::Seconds(10);
    return options;
  }

  // Two commands wait; the server then says `wire`.
  void SendTwoAndAnswer(std::string_view wire) {
    ASSERT_TRUE(client_.WaitUntilReady());
    server_.OnCommand("GET", FakeRedis::kSilence);
    client_.Send(Command::Of({"GET", "a"}));
    client_.Send(Command::Of({"GET", "b"}));
    ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == 2; }));
    server_.SendNow(wire);
  }

  FakeRedis server_;
  ClientUnderTest client_{server_.endpoint(), Options(), {&kScript}};
};

TEST_F(RedisClientReplies, NeverCallsBackFromInsideSend) {
  client_.Send(Command::Of({"GET", "k"}));  // not connected yet
  EXPECT_TRUE(client_.answers().empty());
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_->counters().commands, 0u);
}

TEST_F(RedisClientReplies, LetsACallbackSendAgain) {
  ASSERT_TRUE(client_.WaitUntilReady());
  int answers = 0;
  std::function<void()> send = [&] {
    client_->Send(Command::Of({"GET", "k"}), absl::Seconds(10), [&](absl::StatusOr<Reply> reply) {
      EXPECT_EQ(reply->text, "OK");
      if (++answers < 100) send();
    });
  };
  send();
  ASSERT_TRUE(client_.RunUntil([&] { return answers == 100; }));
}

TEST_F(RedisClientReplies, LetsACallbackRetryForeverWithoutConnection) {
  // Each retry fails at once; the loop must still come to the sockets and timers.
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("INFO server", FakeRedis::kClose);
  server_.CloseAll();
  ASSERT_TRUE(client_.RunUntil([&] { return !client_->Ready(); }));
  uint64_t failures = 0;
  bool answered = false;
  std::function<void()> send = [&] {
    client_->Send(Command::Of({"GET", "k"}), absl::Seconds(10), [&](absl::StatusOr<Reply> reply) {
      answered = reply.ok();
      if (!answered) ++failures;
      if (!answered) send();
    });
  };
  send();
  ASSERT_TRUE(client_.RunUntil([&] { return failures > 100; }));
  server_.BePolite();
  EXPECT_TRUE(client_.RunUntil([&] { return answered; }));
}

TEST_F(RedisClientReplies, HandsErrorRepliesOn) {
  SendTwoAndAnswer("-OOM command not allowed\r\n-ERR other\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[0]->text, "OOM command not allowed");
  EXPECT_TRUE(client_.answers()[1]->IsError());
  EXPECT_EQ(client_->counters().error_replies, 2u);
  EXPECT_TRUE(client_->Ready());
}

TEST_F(RedisClientReplies, TakesBusyForATimeout) {
  SendTwoAndAnswer("-BUSY Redis is busy running a script.\r\n+OK\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client_.answers()[1].ok());
  EXPECT_EQ(client_->counters().timeouts, 1u);
  EXPECT_EQ(client_->counters().error_replies, 1u);
  EXPECT_TRUE(client_->Ready());
}

class UnusableServer : public RedisClientReplies,
                       public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(UnusableServer, IsLeftWithThatReason) {
  SendTwoAndAnswer(GetParam().first);
  ASSERT_TRUE(client_.WaitForAnswers(2));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(GetParam().second));
  }
  ASSERT_FALSE(client_.observed().down.empty());
  EXPECT_EQ(client_.observed().down[0].code, GetParam().second);
  EXPECT_EQ(client_->counters().disconnects, 1u);
  ASSERT_TRUE(client_.WaitUntilReady()) << "and tried again";
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Each, UnusableServer,
    ::testing::Values(std::pair("-LOADING Redis is loading the dataset in memory\r\n", "loading"),
                      std::pair("-MASTERDOWN Link with MASTER is down\r\n", "master_down"),
                      std::pair("-NOAUTH Authentication required.\r\n", "auth_failed"),
                      std::pair("-WRONGPASS invalid\r\n", "auth_failed"),
                      std::pair("?what\r\n", "protocol_error"),
                      std::pair("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
                                "protocol_error")));

TEST_F(RedisClientReplies, ClosesOnARefusalThatComesTooLate) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", FakeRedis::kSilence);
  client_.Send(Command::Of({"GET", "a"}), absl::Milliseconds(1));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  server_.SendNow("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_TRUE(client_.WaitUntilDown("loading"));
}

TEST_F(RedisClientReplies, DoesNotRetryHotWhenEveryCommandIsRefused) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", "-NOAUTH Authentication required.\r\n");
  const auto start = std::chrono::steady_clock::now();
  while (client_.observed().down.size() < 6) {
    ASSERT_TRUE(client_.WaitUntilReady());
    client_.Run({"GET", "k"}).IgnoreError();
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5 * 2));
}

TEST_F(RedisClientReplies, AnswersAllWhenTheServerCloses) {
  SendTwoAndAnswer("+first\r\n");
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[0]->text, "first");
  EXPECT_EQ(client_.answers()[1].status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_.observed().LastReason(), "connection_lost");
}

TEST_F(RedisClientReplies, AnswersAllWhenTheServerClosesInTheMiddleOfAReply) {
  SendTwoAndAnswer("+first\r\n$100\r\nabc");
  server_.CloseAll(/*reset=*/true);
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[1].status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_.observed().LastReason(), "connection_lost");
  // The rest of that reply does not leak into the next connection.
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", "+fresh\r\n");
  EXPECT_EQ(client_.Run({"GET", "k"})->text, "fresh");
}

TEST_F(RedisClientReplies, ClosesOnAReplyThatNobodyAskedFor) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.SendNow("+surprise\r\n");
  EXPECT_TRUE(client_.WaitUntilDown("protocol_error"));
}

TEST_F(RedisClientReplies, DropsTheLateReplyOfATimedOutCommand) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", FakeRedis::kSilence);
  client_.Send(Command::Of({"GET", "slow"}), absl::Milliseconds(10));
  client_.Send(Command::Of({"GET", "patient"}));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(client_->counters().timeouts, 1u);
  EXPECT_EQ(client_->counters().waiting_commands, 2u) << "it keeps its place";
  server_.SendNow("+late\r\n+in time\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[1]->text, "in time");
  EXPECT_EQ(client_->counters().late_replies, 1u);
  EXPECT_TRUE(client_.observed().down.empty());
}

TEST_F(RedisClientReplies, RefusesWhatDoesNotFitInItsQueue) {
  ClientOptions options = Options();
  options.max_queue_bytes = 10000;
  ClientUnderTest client(server_.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server_.OnCommand("SET", FakeRedis::kSilence);
  const Command large = Command::Of({"SET", "k", std::string(4000, 'x')});
  for (int i = 0; i < 3; ++i) client.Send(large);
  EXPECT_TRUE(client.answers().empty()) << "not from inside Send";
  ASSERT_TRUE(client.WaitForAnswers(1));
  EXPECT_EQ(client.answers()[0].status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(client->counters().queue_full, 1u);
  EXPECT_EQ(client->counters().commands, 2u);
  EXPECT_GT(client->counters().queued_bytes, 8000u);
  // Unanswered commands count although they have long been sent.
  ASSERT_TRUE(client.RunUntil([&] { return server_.Count("SET") == 2; }));
  client.Send(large);
  ASSERT_TRUE(client.WaitForAnswers(2));
  EXPECT_EQ(client->counters().queue_full, 2u);
  server_.SendNow("+OK\r\n+OK\r\n");
  ASSERT_TRUE(client.WaitForAnswers(4));
  client.Send(large);
  ASSERT_TRUE(client.RunUntil([&] { return server_.Count("SET") == 3; })) << "there is room again";
}

TEST_F(RedisClientReplies, AsksWhetherCommandsThatAreCountedElsewhereMayQueue) {
  size_t most = 0;
  ClientUnderTest client(server_.endpoint(), Options(), {}, {},
                         [&](size_t counted_bytes) { return counted_bytes <= most; });
  ASSERT_TRUE(client.WaitUntilReady());
  server_.OnCommand("SET", FakeRedis::kSilence);
  const Command other = Command::Of({"SET", "k", std::string(4000, 'x')});
  const Command counted = Command(other).Keeping(std::make_shared<int>(0));
  client.Send(other);
  client.Send(counted);  // the first of its kind
  EXPECT_GT(client->counted_bytes(), 4000u);
  client.Send(counted);
  ASSERT_TRUE(client.WaitForAnswers(1));
  EXPECT_EQ(client.answers()[0].status().code(), absl::StatusCode::kResourceExhausted);
  client.Send(other);
  most = 5000;
  client.Send(counted);
  client.Send(counted);
  ASSERT_TRUE(client.WaitForAnswers(2));
  EXPECT_EQ(client->counters().commands, 4u);
  EXPECT_EQ(client->counters().queue_full, 2u);
}

TEST_F(RedisClientReplies, GivesUpOnAScriptThatCannotBeKept) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("EVALSHA", "-NOSCRIPT No matching script.\r\n");
  const auto answer = client_.Run(Command::Call(kScript, {"k"}, {}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(ClassifyError(answer->text), ErrorKind::kNoScript);
  EXPECT_EQ(client_->counters().script_reloads, 3u);
  EXPECT_EQ(server_.Count("EVALSHA"), 4);
  EXPECT_EQ(server_.Count("SCRIPT LOAD"), 1 + 3);
}

TEST_F(RedisClientReplies, AnswersWaitingCommandsFromTheDestructor) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", FakeRedis::kSilence);
  bool again = false;
  RedisClient& client = *client_;
  client.Send(Command::Of({"GET", "k"}), absl::Seconds(10), [&](absl::StatusOr<Reply> reply) {
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kUnavailable);
    // Whoever retries from there is answered too.
    client.Send(Command::Of({"GET", "k"}), absl::Seconds(10),
                [&](absl::StatusOr<Reply> second) { again = !second.ok(); });
  });
  for (int i = 0; i < 9; ++i) client_.Send(Command::Of({"GET", "k"}));
  client_.Destroy();
  EXPECT_EQ(client_.answers().size(), 9u);
  EXPECT_TRUE(again);
}

// A server makes all replies to what it has read before it sends the first.
TEST_F(RedisClientReplies, HoldsCommandsBackWhileTooManyAreUnanswered) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", FakeRedis::kSilence);
  constexpr size_t kSent = 3 * ReplyWindow::kCommands;
  for (size_t i = 0; i < kSent; ++i) client_.Send(Command::Of({"GET", std::to_string(i)}));
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == ReplyWindow::kCommands; }));
  EXPECT_EQ(client_->counters().waiting_commands, kSent);
  std::string replies;
  for (size_t i = 0; i < ReplyWindow::kCommands; ++i) replies += "+OK\r\n";
  server_.SendNow(replies);
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands));
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == 2 * ReplyWindow::kCommands; }));
  server_.SendNow(replies);
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == kSent; }));
  server_.SendNow(replies);
  ASSERT_TRUE(client_.WaitForAnswers(kSent));
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
}

TEST_F(RedisClientReplies, NeverSendsWhatTimedOutWhileItWasHeldBack) {
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", FakeRedis::kSilence);
  for (size_t i = 0; i < ReplyWindow::kCommands; ++i) client_.Send(Command::Of({"GET", "sent"}));
  int timed_out = 0;
  for (int i = 0; i < 300; ++i) {
    client_->Send(Command::Of({"GET", "late"}), absl::Milliseconds(20),
                  [&](const absl::StatusOr<Reply>& reply) {
                    EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
                    ++timed_out;
                  });
  }
  client_.Send(Command::Of({"GET", "last"}));
  ASSERT_TRUE(client_.RunUntil([&] { return timed_out == 300; }));
  std::string replies;
  for (size_t i = 0; i < ReplyWindow::kCommands; ++i) replies += "+OK\r\n";
  server_.SendNow(replies);
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == ReplyWindow::kCommands + 1; }));
  server_.SendNow("+last\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 1));
  EXPECT_EQ(client_.answers().back()->text, "last");
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
  EXPECT_EQ(client_->counters().late_replies, 0u);
}

}  // namespace
}  // namespace kache::redis
