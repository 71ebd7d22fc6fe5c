// Equal reads that one reply answers, against a server that counts what comes.
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

std::string Repeated(size_t times, const std::string& wire) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += wire;
  return all;
}

class SingleFlight : public ::testing::Test {
 protected:
  static ClientOptions Options() {
    ClientOptions options;
    options.silence_limit = absl::Seconds(10);
    options.ping_timeout = absl::Seconds(10);
    return options;
  }

  void SetUp() override {
    ASSERT_TRUE(client_.WaitUntilReady());
    server_.OnCommand("GET", FakeRedis::kSilence);
  }

  // In one turn of the loop, as it does not run meanwhile.
  void SendReads(size_t count, const std::string& key,
                 absl::Duration timeout = ClientUnderTest::kLong) {
    for (size_t i = 0; i < count; ++i) client_.Send(Command::Get(key), timeout);
  }
  // What is sent from now on is held back.
  void FillWindow() {
    for (size_t i = 0; i < ReplyWindow::kCommands; ++i) {
      client_.Send(Command::Of({"GET", std::to_string(i)}));
    }
  }
  bool WaitForCommands(size_t count) {
    return client_.RunUntil([&] { return static_cast<size_t>(server_.Count("GET")) == count; });
  }

  FakeRedis server_;
  ClientUnderTest client_{server_.endpoint(), Options()};
};

TEST_F(SingleFlight, EqualReadsOfOneTurnShareAReply) {
  SendReads(2, "k");
  SendReads(1, "other");
  SendReads(3, "k");
  ASSERT_TRUE(WaitForCommands(2));
  server_.SendNow("+of k\r\n+of other\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(6));
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(client_.answers()[i]->text, "of k");
  EXPECT_EQ(client_.answers()[5]->text, "of other");
  EXPECT_EQ(client_->counters().commands, 2u);
  EXPECT_EQ(client_->counters().reads_joined, 4u);
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
}

TEST_F(SingleFlight, NoneJoinsWhatIsWritten) {
  SendReads(1, "k");
  ASSERT_TRUE(WaitForCommands(1));
  SendReads(1, "k");
  ASSERT_TRUE(WaitForCommands(2));
  server_.SendNow("+old\r\n+new\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[0]->text, "old");
  EXPECT_EQ(client_.answers()[1]->text, "new");
  EXPECT_EQ(client_->counters().reads_joined, 0u);
}

TEST_F(SingleFlight, OtherCommandsShareNothing) {
  for (int i = 0; i < 2; ++i) client_.Send(Command::Of({"GET", "k"}));
  ASSERT_TRUE(WaitForCommands(2));
}

TEST_F(SingleFlight, ErrorsAreShared) {
  SendReads(2, "k");
  ASSERT_TRUE(WaitForCommands(1));
  server_.SendNow("-ERR no\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  for (const auto& answer : client_.answers()) EXPECT_EQ(answer->text, "ERR no");
}

TEST_F(SingleFlight, ALostConnectionIsSharedAndForgotten) {
  SendReads(2, "k");
  ASSERT_TRUE(WaitForCommands(1));
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(2));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  }
  ASSERT_TRUE(client_.WaitUntilReady());
  SendReads(2, "k");
  ASSERT_TRUE(WaitForCommands(2));
  server_.SendNow("+again\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(4));
  EXPECT_EQ(client_.answers()[3]->text, "again");
}

TEST_F(SingleFlight, ATimeoutIsSharedAndTheLateReplyDropped) {
  SendReads(3, "k", absl::Milliseconds(10));
  ASSERT_TRUE(client_.WaitForAnswers(3));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
  ASSERT_TRUE(WaitForCommands(1));
  server_.SendNow("+late\r\n");
  ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().late_replies == 1; }));
}

TEST_F(SingleFlight, TimeoutsThatLieApartAreKeptApart) {
  SendReads(1, "k", absl::Milliseconds(20));
  SendReads(1, "k", absl::Seconds(10));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_TRUE(WaitForCommands(2));
  server_.SendNow("+late\r\n+in time\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[1]->text, "in time");
}

// So that neither replies nor the answers made of one of them pile up.
TEST_F(SingleFlight, ReadsJoinThoseThatAreHeldBackUpToABound) {
  FillWindow();
  SendReads(1, "k");
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands));
  SendReads(2 * ReplyWindow::kCommands, "k");  // some turns later, and still unwritten
  server_.SendNow(Repeated(ReplyWindow::kCommands, "+OK\r\n"));
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 3));
  server_.SendNow(Repeated(3, "+of k\r\n"));
  ASSERT_TRUE(client_.WaitForAnswers(3 * ReplyWindow::kCommands + 1));
  EXPECT_EQ(client_.answers().back()->text, "of k");
  EXPECT_EQ(client_->counters().reads_joined, 2 * ReplyWindow::kCommands - 2);
}

TEST_F(SingleFlight, WhatTimedOutWhileItWasHeldIsNotJoined) {
  FillWindow();
  SendReads(2, "k", absl::Milliseconds(10));
  ASSERT_TRUE(client_.WaitForAnswers(2));
  SendReads(1, "k", absl::Milliseconds(10));
  ASSERT_TRUE(client_.WaitForAnswers(3));
  SendReads(1, "k");
  server_.SendNow(Repeated(ReplyWindow::kCommands, "+OK\r\n"));
  ASSERT_TRUE(WaitForCommands(ReplyWindow::kCommands + 1));
  server_.SendNow("+of k\r\n");
  ASSERT_TRUE(client_.WaitForAnswers(ReplyWindow::kCommands + 4));
  EXPECT_EQ(client_.answers().back()->text, "of k");
  EXPECT_EQ(client_->counters().reads_joined, 1u);
}

TEST_F(SingleFlight, ACallbackMayReadTheKeyAgain) {
  int again = 0;
  for (int i = 0; i < 2; ++i) {
    client_->Send(Command::Get("k"), ClientUnderTest::kLong, [&](absl::StatusOr<Reply> first) {
      EXPECT_EQ(first->text, "first");
      client_->Send(Command::Get("k"), ClientUnderTest::kLong, [&](absl::StatusOr<Reply> second) {
        EXPECT_EQ(second->text, "second");
        ++again;
      });
    });
  }
  ASSERT_TRUE(WaitForCommands(1));
  server_.SendNow("+first\r\n");
  ASSERT_TRUE(WaitForCommands(2));
  server_.SendNow("+second\r\n");
  EXPECT_TRUE(client_.RunUntil([&] { return again == 2; }));
}

TEST_F(SingleFlight, AllAreAnsweredWhenTheClientEnds) {
  SendReads(3, "k");
  client_.Destroy();
  EXPECT_EQ(client_.answers().size(), 3u);
}

}  // namespace
}  // namespace kache::redis
