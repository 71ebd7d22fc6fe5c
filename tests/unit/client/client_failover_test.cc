// Servers that come, go and refuse.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "client/client.h"
#include "client/retry_budget.h"
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "draining");

class FailoverTest : public testing::Test {
 protected:
  FailoverTest() : client_(Connect({first_.address(), second_.address()})) {
    EXPECT_TRUE(Eventually([this] { return Serves(first_) && Serves(second_); }));
  }

  static std::unique_ptr<Client> Connect(std::vector<std::string> servers) {
    ClientOptions options;
    options.servers = std::move(servers);
    options.timeout = absl::Seconds(10);
    return Client::Create(options).value();
  }

  // True when `condition` holds within ten seconds.
  template <class Condition>
  static bool Eventually(Condition condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (!condition()) {
      if (absl::Now() > deadline) return false;
      absl::SleepFor(absl::Milliseconds(2));
    }
    return true;
  }

  // Makes two calls; whether the server got one of them.
  bool Serves(const FakeKache& server) {
    const int before = server.calls();
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(client_->Get("k").ok());
    return server.calls() > before;
  }

  FakeKache first_;
  FakeKache second_;
  std::unique_ptr<Client> client_;
};

TEST_F(FailoverTest, ServersTakeTurns) {
  const int before_first = first_.calls();
  const int before_second = second_.calls();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client_->Get("k").ok());
  EXPECT_EQ(first_.calls() - before_first, 10);
  EXPECT_EQ(second_.calls() - before_second, 10);
}

TEST_F(FailoverTest, WhatOneCannotTakeGoesToTheOther) {
  const int before = second_.calls();
  first_.FailNext(1000, kGone);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client_->Put("k", "v").ok());
  EXPECT_EQ(second_.calls() - before, 20);
}

TEST_F(FailoverTest, AServerThatGivesUpEarlyIsFollowedByTheOther) {
  first_.FailNext(1000, {grpc::StatusCode::DEADLINE_EXCEEDED, "no reply from Redis"});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client_->Get("k").ok());
}

TEST_F(FailoverTest, AServerThatSaysItCannotServeIsPassedOver) {
  first_.SetServing(false);
  EXPECT_TRUE(Eventually([this] { return !Serves(first_); }));
  first_.SetServing(true);
  EXPECT_TRUE(Eventually([this] { return Serves(first_); }));
}

TEST_F(FailoverTest, AServerThatIsSilentCostsHalfOfTheTime) {
  first_.SetDelay(absl::Seconds(60));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(client_->Get("k", {.timeout = absl::Milliseconds(1500)}).ok());
  }
}

TEST(ReconnectTest, AServerThatIsBackIsUsedAgain) {
  auto server = std::make_optional<FakeKache>();
  const int port = server->port();
  ClientOptions options;
  options.servers = {server->address()};
  options.timeout = absl::Milliseconds(300);
  const std::unique_ptr<Client> client = Client::Create(options).value();
  ASSERT_TRUE(client->Get("k", {.timeout = absl::Seconds(10)}).ok());
  server.reset();
  EXPECT_TRUE(absl::IsUnavailable(client->Get("k").status()) ||
              absl::IsDeadlineExceeded(client->Get("k").status()));
  server.emplace(port);
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!client->Get("k").ok()) ASSERT_LT(absl::Now(), deadline);
}

TEST(RetryTest, StopsAtItsAttempts) {
  FakeKache server;
  server.FailNext(1000, kGone);
  ClientOptions options;
  options.servers = {server.address()};
  options.timeout = absl::Seconds(10);
  const std::unique_ptr<Client> client = Client::Create(options).value();
  EXPECT_TRUE(absl::IsUnavailable(client->Get("k").status()));
  EXPECT_EQ(server.calls(), kMaxAttempts);
}

TEST(RetryTest, StopsWhenMostCallsFail) {
  FakeKache server;
  server.FailNext(100'000, kGone);
  ClientOptions options;
  options.servers = {server.address()};
  options.timeout = absl::Seconds(10);
  const std::unique_ptr<Client> client = Client::Create(options).value();
  int calls = 0;
  for (int before = -1; before != server.calls() - 1 && calls < 100; ++calls) {
    before = server.calls();
    EXPECT_FALSE(client->Get("k").ok());
  }
  EXPECT_LT(calls, 100) << "a call is still tried again";
}

TEST(RetryTest, StopsAtTheDeadline) {
  FakeKache server;
  server.SetDelay(absl::Seconds(60));
  ClientOptions options;
  options.servers = {server.address()};
  const std::unique_ptr<Client> client = Client::Create(options).value();
  const absl::StatusOr<GetResult> late = client->Get("k", {.timeout = absl::Milliseconds(50)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.status())) << late.status();
}

}  // namespace
}  // namespace kache
