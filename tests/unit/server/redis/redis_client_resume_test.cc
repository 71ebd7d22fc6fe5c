// A connection that is lost and made again at once, against servers that play the faults.
#include <gtest/gtest.h>

#include <string>

#include "base/error_details.h"
#include "tests/testing/client_under_test.h"
#include "tests/testing/fake_redis.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::FakeRedis;

class RedisClientResume : public ::testing::Test {
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

  void SetUp() override { ASSERT_TRUE(client_.WaitUntilReady()); }

  // Commands wait for a server that does not answer, and is made to answer from the next one on.
  void SendInVain(int commands) {
    server_.OnCommand("GET", FakeRedis::kSilence);
    for (int i = 0; i < commands; ++i) client_.Send(Command::Get("k" + std::to_string(i)));
    ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("GET") == commands; }));
    server_.OnCommand("GET", "+OK\r\n");
  }

  // Nobody was told that a connection was lost.
  void ExpectUnnoticed() {
    EXPECT_TRUE(client_->Ready());
    EXPECT_TRUE(client_.observed().down.empty());
    EXPECT_EQ(client_.observed().connected.size(), 1u);
  }

  FakeRedis server_;
  ClientUnderTest client_{server_.endpoint(), Options()};
};

TEST_F(RedisClientResume, SendsAgainWhatWaited) {
  SendInVain(3);
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(3));
  for (const auto& answer : client_.answers()) EXPECT_EQ(answer->text, "OK");
  ExpectUnnoticed();
  EXPECT_EQ(client_->counters().disconnects, 1u);
  EXPECT_EQ(client_->counters().resumes, 1u);
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
  EXPECT_EQ(client_->counters().queued_bytes, 0u);
}

TEST_F(RedisClientResume, ToAResetToo) {
  SendInVain(1);
  server_.CloseAll(/*reset=*/true);
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_TRUE(client_.answers()[0].ok());
  ExpectUnnoticed();
}

TEST_F(RedisClientResume, TakesCommandsMeanwhile) {
  server_.CloseAll();
  ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().disconnects == 1; }));
  EXPECT_TRUE(client_->Ready());
  client_.Send(Command::Get("k"));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0]->text, "OK");
  ExpectUnnoticed();
}

TEST_F(RedisClientResume, GoesOnWithTheSilenceOfTheConnectionBefore) {
  SendInVain(1);
  ASSERT_TRUE(client_.RunUntil([&] { return client_->Silence() >= absl::Milliseconds(20); }));
  server_.FallSilent();
  server_.CloseAll();
  ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().disconnects == 1; }));
  EXPECT_TRUE(client_->Ready());
  EXPECT_GE(client_->Silence(), absl::Milliseconds(20));
}

TEST_F(RedisClientResume, LetsCommandsTimeOutMeanwhile) {
  server_.FallSilent();
  server_.CloseAll();
  ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().disconnects == 1; }));
  client_.Send(Command::Get("k"), absl::Milliseconds(5));
  ASSERT_TRUE(client_.WaitForAnswers(1));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(RedisClientResume, FindsTheCommandThatTheServerCannotDigest) {
  server_.OnCommand("GET large", FakeRedis::kClose);
  for (const char* key : {"a", "large", "b", "large", "c"}) {
    client_.Send(Command::Of({"GET", key}));  // does not share replies
  }
  ASSERT_TRUE(client_.WaitForAnswers(5));
  int refused = 0;
  for (const auto& answer : client_.answers()) {
    if (answer.ok()) continue;
    ++refused;
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(answer.status()), kNodeLimit);
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(client_->counters().culprits, 2u);
  EXPECT_EQ(client_.Run({"GET", "d"})->text, "OK");
  ExpectUnnoticed();
}

TEST_F(RedisClientResume, RefusesOnlyTheCommandThatAProtocolErrorAnswers) {
  server_.OnCommand("SET", FakeRedis::kSilence);
  for (const char* key : {"a", "b", "c"}) client_.Send(Command::Of({"SET", key, "v"}));
  ASSERT_TRUE(client_.RunUntil([&] { return server_.Count("SET") == 3; }));
  server_.BePolite();
  server_.SendNow("+OK\r\n-ERR Protocol error: invalid bulk length\r\n");
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(3));
  EXPECT_EQ(client_.answers()[0]->text, "OK");
  EXPECT_EQ(client_.answers()[1].status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(client_.answers()[2]->text, "OK");
  EXPECT_EQ(server_.Count("SET a"), 1);
  EXPECT_EQ(server_.Count("SET b"), 1);
  EXPECT_EQ(server_.Count("SET c"), 2) << "never read, so sent again";
  ExpectUnnoticed();
}

TEST_F(RedisClientResume, GivesUpWhereAnotherProcessAnswers) {
  SendInVain(2);
  server_.OnCommand("INFO server", "$34\r\nredis_version:7.0.15\r\nrun_id:other\r\n");
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(2));
  for (const auto& answer : client_.answers()) {
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  }
  ASSERT_TRUE(client_.RunUntil([&] { return client_.observed().connected.size() == 2; }));
  EXPECT_EQ(client_.observed().LastReason(), "connection_lost");
  EXPECT_EQ(client_.observed().connected[1].run_id, "other");
  EXPECT_EQ(server_.Count("GET"), 2) << "nothing was sent to the other process";
  EXPECT_EQ(client_.Run({"PING"})->text, "PONG");
}

TEST_F(RedisClientResume, GivesUpWhereNoConnectionCanBeMade) {
  SendInVain(2);
  server_.OnCommand("INFO server", FakeRedis::kClose);
  server_.CloseAll();
  ASSERT_TRUE(client_.WaitForAnswers(2));
  EXPECT_EQ(client_.answers()[0].status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(client_->Ready());
  EXPECT_EQ(client_.observed().LastReason(), "closed_unanswered");
  EXPECT_EQ(client_->counters().waiting_commands, 0u);
  EXPECT_EQ(client_->counters().queued_bytes, 0u);
  server_.BePolite();
  ASSERT_TRUE(client_.WaitUntilReady());
}

TEST_F(RedisClientResume, DoesNotGoOnForeverWhereNothingIsAskedFor) {
  for (uint64_t lost = 1; lost <= 4; ++lost) {
    ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().connects == lost; }));
    server_.CloseAll();
    ASSERT_TRUE(client_.RunUntil([&] { return client_->counters().disconnects == lost; }));
  }
  EXPECT_EQ(client_.observed().LastReason(), "connection_lost");
  EXPECT_EQ(client_->counters().resumes, 3u);
}

TEST(RedisClientResumeLimit, LeavesAServerThatDoesNotAnswerInTime) {
  FakeRedis server;
  ClientOptions options;
  options.resume_limit = absl::Milliseconds(20);
  ClientUnderTest client(server.endpoint(), options);
  ASSERT_TRUE(client.WaitUntilReady());
  server.FallSilent();
  server.CloseAll();
  ASSERT_TRUE(client.WaitUntilDown("unresponsive"));
  EXPECT_FALSE(client->Ready());
}

}  // namespace
}  // namespace kache::redis
