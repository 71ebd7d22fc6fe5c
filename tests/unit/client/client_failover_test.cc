// Servers that come, go and refuse.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/client.h"
#include "client/retry_budget.h"
#include "tests/testing/eventually.h"
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
    options.timeout = kPatience;
    return Client::Create(options).value();
  }

  // Makes a call; whether the server got it.
  bool ServesNext(const FakeKache& server) {
    const int before = server.calls();
    EXPECT_TRUE(client_->Get("k").ok());
    return server.calls() > before;
  }
  // Makes two calls; whether the server got one of them.
  bool Serves(const FakeKache& server) {
    const bool served = ServesNext(server);
    return ServesNext(server) || served;
  }
  // Makes many calls; whether each went to the server that the one before did not go to.
  bool TakeTurns() {
    bool turns = true;
    std::optional<bool> last;
    for (int i = 0; i < 40; ++i) {
      const bool at_first = ServesNext(first_);
      turns &= last != at_first;
      last = at_first;
    }
    return turns;
  }

  FakeKache first_;
  FakeKache second_;
  std::unique_ptr<Client> client_;
};

TEST_F(FailoverTest, ServersTakeTurns) {
  // A call that a busy machine holds up for long may be tried on the other server.
  EXPECT_TRUE(Eventually([this] { return TakeTurns(); }));
}

TEST_F(FailoverTest, WhatOneCannotTakeGoesToTheOther) {
  const int before = second_.calls();
  first_.FailNext(1000, kGone);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client_->Put("k", "v").ok());
  EXPECT_GE(second_.calls() - before, 20);
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
    EXPECT_TRUE(client_->Get("k", {.timeout = absl::Seconds(10)}).ok());
  }
}

TEST(ReconnectTest, AServerThatIsBackIsUsedAgain) {
  auto server = std::make_optional<FakeKache>();
  const int port = server->port();
  ClientOptions options;
  options.servers = {server->address()};
  options.timeout = absl::Milliseconds(300);
  const std::unique_ptr<Client> client = Client::Create(options).value();
  ASSERT_TRUE(client->Get("k", {.timeout = kPatience}).ok());
  server.reset();
  const absl::Status gone = client->Get("k").status();
  EXPECT_TRUE(absl::IsUnavailable(gone) || absl::IsDeadlineExceeded(gone)) << gone;
  server.emplace(port);
  EXPECT_TRUE(Eventually([&] { return client->Get("k").ok(); }));
}

TEST(RetryTest, StopsAtItsAttempts) {
  FakeKache server;
  server.FailNext(1000, kGone);
  ClientOptions options;
  options.servers = {server.address()};
  options.timeout = kPatience;
  const std::unique_ptr<Client> client = Client::Create(options).value();
  EXPECT_TRUE(absl::IsUnavailable(client->Get("k").status()));
  EXPECT_EQ(server.calls(), kMaxAttempts);
}

TEST(RetryTest, StopsWhenMostCallsFail) {
  FakeKache server;
  server.FailNext(100'000, kGone);
  ClientOptions options;
  options.servers = {server.address()};
  options.timeout = kPatience;
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
