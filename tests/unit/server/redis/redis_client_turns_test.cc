// Callers take turns at a server that is slow to answer.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "server/redis/reply_window.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/fake_redis.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::FakeRedis;

constexpr CallerId kFlood = 1;
constexpr CallerId kOther = 2;

class RedisClientTurns : public ::testing::Test {
 protected:
  static ClientOptions Options() {
    ClientOptions options;
    options.reconnect_min = absl::Milliseconds(2);
    options.reconnect_max = absl::Milliseconds(20);
    options.silence_limit = absl::Seconds(20);
    options.ping_timeout = absl::Seconds(20);
    options.ping_interval = absl::Seconds(20);
    options.resume_limit = absl::Seconds(20);
    options.connect_timeout = absl::Seconds(20);
    return options;
  }

  void SetUp() override {
    ASSERT_TRUE(client_.WaitUntilReady());
    server_.OnCommand("GET", FakeRedis::kSilence);
  }

  void Send(CallerId caller, const std::string& key,
            absl::Duration timeout = ClientUnderTest::kLong) {
    client_.Send(Command::Of({"GET", key}).For(caller), timeout);
  }
  // As many as may be unanswered, and `held` more.
  void Flood(size_t held) {
    for (size_t i = 0; i < ReplyWindow::kCommands + held; ++i) Send(kFlood, "flood");
    ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands));
  }
  void Answer(size_t commands) {
    std::string replies;
    for (size_t i = 0; i < commands; ++i) replies += "+OK\r\n";
    server_.SendNow(replies);
  }
  bool WaitForCommands(size_t count) {
    return client_.RunUntil([&] { return static_cast<size_t>(server_.Count("GET")) == count; });
  }

  FakeRedis server_;
  ClientUnderTest client_{server_.endpoint(), Options()};
};

TEST_F(RedisClientTurns, AFloodHoldsUpItselfAlone) {
  Flood(1000);
  for (int i = 0; i < 10; ++i) Send(kOther, "other");
  Answer(20);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 20));
  EXPECT_EQ(server_.Count("GET other"), 10);
}

TEST_F(RedisClientTurns, OneCallersCommandsStayInTheirOrder) {
  Flood(2);
  for (const char* key : {"a", "b", "c"}) Send(kOther, key);
  Answer(2);  // one of each
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 2));
  EXPECT_EQ(server_.Count("GET a"), 1);
  Answer(2);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 4));
  EXPECT_EQ(server_.Count("GET b"), 1);
  EXPECT_EQ(server_.Count("GET c"), 0);
}

TEST_F(RedisClientTurns, WhatIsForNoCallerGoesFirst) {
  Flood(10);
  Send(kOther, "other");
  Send(kNoCaller, "note");
  Answer(1);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 1));
  EXPECT_EQ(server_.Count("GET note"), 1);
}

TEST_F(RedisClientTurns, ADeadlineEndsWhatWaitsForItsTurn) {
  Flood(10);
  Send(kOther, "late", absl::Milliseconds(20));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  Answer(ReplyWindow::kCommands);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 10));
  EXPECT_EQ(server_.Count("GET late"), 0);
  EXPECT_EQ(client_->counters().waiting_commands, 10u);
}

TEST_F(RedisClientTurns, LargeCommandsAreFewAtATime) {
  const std::string large(ReplyWindow::kBytes / 8, 'x');
  server_.OnCommand("SET", FakeRedis::kSilence);
  for (int i = 0; i < 20; ++i) client_.Send(Command::Of({"SET", "k", large}).For(kFlood));
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("SET") == 7; }));
  Send(kOther, "other");
  Answer(2);
  ASSERT_TRUE(WaitForCommands(1));
  EXPECT_LE(server_.Count("SET"), 9);
}

TEST_F(RedisClientTurns, AllGoOnAfterALostConnection) {
  Flood(10);
  for (int i = 0; i < 3; ++i) Send(kOther, "other");
  server_.OnCommand("GET", "+OK\r\n");
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 13));
  for (const auto& answer : client_.answers()) EXPECT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(server_.Count("GET other"), 3);
  EXPECT_TRUE(client_.observed().down.empty());
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
  EXPECT_EQ(client_->counters().queued_bytes, 0u);
}

TEST_F(RedisClientTurns, AllAreAnsweredWhenTheConnectionIsGivenUp) {
  Flood(10);
  for (int i = 0; i < 3; ++i) Send(kOther, "other");
  client_->Reconnect({"test", "given up"});
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 13));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(client_->counters().queued_bytes, 0u);
  ASSERT_TRUE(client_.WaitUntilReady());
  server_.OnCommand("GET", "+OK\r\n");
  EXPECT_EQ(client_.Run({"GET", "k"})->text, "OK");
}

TEST_F(RedisClientTurns, AllAreAnsweredWhenTheClientEnds) {
  Flood(10);
  Send(kOther, "other");
  client_.Destroy();
  EXPECT_EQ(client_.answers().size(), ReplyWindow::kCommands + 11);
}

TEST_F(RedisClientTurns, AServerThatIsFrozenEndsNothingBeforeItsDeadline) {
  for (size_t i = 0; i < ReplyWindow::kCommands + 10; ++i) {
    Send(kFlood, "flood", absl::Milliseconds(30));
  }
  Send(kOther, "other", absl::Milliseconds(30));
  Send(kOther, "patient");
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 11));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  Answer(ReplyWindow::kCommands);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 1));
  Answer(1);
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 12));
  EXPECT_TRUE(client_.answers().back().ok());
}

TEST_F(RedisClientTurns, HeldReadsJoinThoseOfTheirCallerAlone) {
  Flood(10);
  for (int i = 0; i < 2; ++i) client_.Send(Command::Get("k").For(kFlood));
  EXPECT_EQ(client_->counters().reads_joined, 1u);
  for (int i = 0; i < 2; ++i) client_.Send(Command::Get("k").For(kOther));
  EXPECT_EQ(client_->counters().reads_joined, 1u);
  client_.Send(Command::Get("k").For(kFlood));
  EXPECT_EQ(client_->counters().reads_joined, 2u);
  Answer(2);
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 2));
  EXPECT_EQ(server_.Count("GET k"), 1) << "the other caller's, ahead of the flood's";
}

TEST_F(RedisClientTurns, ReadsOfOneTurnJoinWhosever) {
  client_.Send(Command::Get("k").For(kFlood));
  client_.Send(Command::Get("k").For(kOther));
  ASSERT_TRUE(WaitForCommands(1));
  EXPECT_EQ(client_->counters().reads_joined, 1u);
}

}  // namespace
}  // namespace kache::redis
