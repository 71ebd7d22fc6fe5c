// kache::Client over Pipeline streams: what travels together, what waits, and what becomes of
// operations under way when a server or the client goes away.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/deferred_wakes.h"
#include "client/client.h"
#include "client/grpc_transport.h"
#include "client/server_stream.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache {
namespace {

struct Counts final : TransportObserver {
  void OnRetry() override { ++retries; }
  void OnServer(const std::string&, bool, size_t usable) override { servers = usable; }
  void OnStreams(size_t open) override { streams = open; }
  void OnStreamFrozen() override { ++frozen; }
  void OnMessage(int count) override {
    ++messages;
    operations += count;
  }
  std::atomic<int> retries = 0;
  std::atomic<size_t> servers = 0;
  std::atomic<size_t> streams = 0;
  std::atomic<int> frozen = 0;
  std::atomic<int> messages = 0;
  std::atomic<int> operations = 0;
};

// A port that takes connections and never says a word.
class SilentPeer {
 public:
  SilentPeer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, any, size) != 0 || listen(socket_, 16) != 0 ||
        getsockname(socket_, any, &size) != 0) {
      ADD_FAILURE() << "no socket";
    }
    port_ = ntohs(address.sin_port);
  }
  ~SilentPeer() { close(socket_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int socket_;
  int port_ = 0;
};

class ClientStreams : public testing::Test {
 protected:
  void Connect(std::vector<std::string> servers, size_t streams = 1) {
    ClientOptions options;
    options.timeout = kPatience;
    client_ = std::make_unique<Client>(
        options, std::make_unique<GrpcTransport>(GrpcTransportOptions{
                     .servers = std::move(servers), .lanes = streams, .observer = &counts_}));
  }
  // And waits for its streams.
  void ConnectWithStreams(std::vector<std::string> servers, size_t streams = 1) {
    const size_t all = servers.size() * streams;
    Connect(std::move(servers), streams);
    ASSERT_TRUE(Eventually([&] { return counts_.streams == all; }));
  }

  // A second stream to a server replaces the first one soon, and then none for seconds. What
  // follows does not wait for the time to be known.
  void ConnectWithALastingStream() {
    ConnectWithStreams({first_.address()});
    ASSERT_TRUE(Eventually([this] { return first_.ended_streams() == 1; }));
    ASSERT_TRUE(client_->Put("large", std::string(size_t{65} << 10, 'x')).ok());
    ASSERT_EQ(counts_.messages, 0);
  }

  // Starts `count` Puts of different keys.
  void StartPuts(int count, absl::Duration timeout = absl::ZeroDuration()) {
    started_ += count;
    for (int i = 0; i < count; ++i) {
      client_->PutAsync("key" + std::to_string(i), "v", {.timeout = timeout},
                        [this](absl::StatusOr<Receipt> result) {
                          ++results_[static_cast<size_t>(result.status().code())];
                          ++ended_;
                        });
    }
  }
  bool AllEnd() {
    return Eventually([this] { return ended_ == started_; });
  }
  int Ended(absl::StatusCode code) const { return results_[static_cast<size_t>(code)]; }

  Counts counts_;
  std::atomic<int> results_[17] = {};
  std::atomic<int> ended_ = 0;
  int started_ = 0;
  FakeKache first_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientStreams, ThousandsOfOperationsTravelTogether) {
  ConnectWithStreams({first_.address()});
  StartPuts(5000);
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 5000);
  EXPECT_EQ(first_.calls(), 5000);
  EXPECT_EQ(counts_.operations, 5000);
  EXPECT_LT(counts_.messages, 1000);
  EXPECT_GE(counts_.messages, 5000 / ServerStream::kMaxMessageOperations);
}

TEST_F(ClientStreams, WhatOneTurnAsksForTravelsTogether) {
  ConnectWithALastingStream();
  {
    const DeferredWakes turn;
    StartPuts(50);
    EXPECT_EQ(counts_.messages, 0);
  }
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(counts_.messages, 1);
  EXPECT_EQ(counts_.operations, 50);
}

TEST_F(ClientStreams, FewGatherBesideManyButNotForLong) {
  ConnectWithALastingStream();
  first_.SetDelay(absl::Hours(1));
  const auto start_together = [this](int count) {
    const DeferredWakes turn;
    StartPuts(count);
  };
  start_together(8);
  ASSERT_EQ(counts_.messages, 1);
  // One that was looked at in time has not gone yet; all go although nothing is answered.
  bool looked_in_time = false;
  for (int sent = 9; !looked_in_time && sent < 1000; ++sent) {
    const absl::Time start = absl::Now();
    const int messages = counts_.messages;
    start_together(1);
    const bool waits = counts_.messages == messages;
    looked_in_time = absl::Now() - start < ServerStream::kMaxGather;
    EXPECT_TRUE(waits || !looked_in_time);
    ASSERT_TRUE(Eventually([&] { return counts_.operations == sent; }));
  }
  EXPECT_TRUE(looked_in_time);
}

TEST_F(ClientStreams, BlockingCallersShareMessages) {
  ConnectWithStreams({first_.address()});
  std::vector<std::thread> callers;
  for (int t = 0; t < 16; ++t) {
    callers.emplace_back([this, t] {
      const std::string key = "key" + std::to_string(t);
      for (int i = 0; i < 50; ++i) {
        const std::string value = std::to_string(i);
        ASSERT_TRUE(client_->Put(key, value).ok());
        EXPECT_EQ(client_->Get(key)->value, value);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(counts_.operations, 16 * 50 * 2);
  EXPECT_LT(counts_.messages, counts_.operations);
}

TEST_F(ClientStreams, CallingThreadsShareSeveralStreams) {
  ConnectWithStreams({first_.address()}, /*streams=*/3);
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) callers.emplace_back([this] { EXPECT_TRUE(client_->Get("k").ok()); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(counts_.operations, 8);
}

TEST_F(ClientStreams, SeveralServersShareTheOperations) {
  FakeKache second;
  ConnectWithStreams({first_.address(), second.address()});
  // Again where a busy machine held a server up for so long that its operations went to the other.
  EXPECT_TRUE(Eventually([&] {
    const int at_first = first_.calls();
    const int at_second = second.calls();
    const int retries = counts_.retries;
    StartPuts(1000);
    EXPECT_TRUE(AllEnd());
    if (counts_.retries > retries) return false;
    EXPECT_EQ(first_.calls() - at_first, 500);
    EXPECT_EQ(second.calls() - at_second, 500);
    return true;
  }));
  EXPECT_EQ(Ended(absl::StatusCode::kOk), started_);
}

TEST_F(ClientStreams, WhatTheServerCannotTakeWaitsAndEndsAtItsDeadline) {
  ConnectWithStreams({first_.address()});
  first_.SetDelay(absl::Hours(1));
  const absl::Time start = absl::Now();
  StartPuts(4000, /*timeout=*/absl::Milliseconds(300));
  ASSERT_TRUE(AllEnd());
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(300));
  EXPECT_EQ(Ended(absl::StatusCode::kDeadlineExceeded), 4000);
  // A stream may just be taking the place of another one to the same server.
  EXPECT_LE(counts_.operations, 2 * static_cast<int>(ServerStream::kMaxOnTheWay));
  EXPECT_EQ(counts_.frozen, 0) << "there is no other server";
}

TEST_F(ClientStreams, LargeValuesGoByUnaryCalls) {
  ConnectWithStreams({first_.address()});
  const std::string value((64 << 10) + 1, 'x');
  EXPECT_TRUE(client_->Put("k", value).ok());
  EXPECT_EQ(counts_.operations, 0);
  EXPECT_EQ(first_.last_put().value(), value);
  EXPECT_EQ(client_->Get("k")->value, value);
  EXPECT_EQ(counts_.operations, 1);
}

TEST_F(ClientStreams, AreNotNeeded) {
  first_.SetOffersPipeline(false);
  Connect({first_.address()});
  StartPuts(200);
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 200);
  EXPECT_TRUE(client_->Get("key1").ok());
  EXPECT_TRUE(Eventually([&] { return counts_.streams == 0u; }));
}

TEST_F(ClientStreams, AreNotUsedWhereThereAreToBeNone) {
  Connect({first_.address()}, /*streams=*/0);
  StartPuts(100);
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 100);
  EXPECT_EQ(counts_.messages, 0);
}

TEST_F(ClientStreams, AllThatABrokenStreamHadGoesElsewhere) {
  auto second = std::make_optional<FakeKache>();
  ConnectWithStreams({first_.address(), second->address()});
  second->SetDelay(absl::Hours(1));
  StartPuts(4000);
  ASSERT_TRUE(Eventually([&] { return second->calls() > 0; }));
  second.reset();
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 4000);
  EXPECT_GE(counts_.retries, 1000) << "far more than the budget lets fail one by one";
}

TEST_F(ClientStreams, ASilentServerIsLeftForAnother) {
  FakeKache second;
  ConnectWithStreams({first_.address(), second.address()});
  second.SetDelay(absl::Hours(1));
  StartPuts(1000);
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 1000);
  EXPECT_GE(counts_.frozen, 1);
}

TEST_F(ClientStreams, AServerThatIsBackGetsAStreamAgain) {
  auto second = std::make_optional<FakeKache>();
  const int port = second->port();
  ConnectWithStreams({second->address()});
  second.reset();
  ASSERT_TRUE(Eventually([&] { return counts_.streams == 0; }));
  second.emplace(port);
  ASSERT_TRUE(Eventually([&] { return counts_.streams == 1; }));
  EXPECT_TRUE(client_->Put("k", "v").ok());
  EXPECT_EQ(counts_.operations, 1);
}

TEST_F(ClientStreams, APeerThatNeverAnswersCostsTheDeadlineAndNoMore) {
  const SilentPeer peer;
  Connect({peer.address()});
  const absl::Status late = client_->Get("k", {.timeout = absl::Milliseconds(100)}).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
}

TEST_F(ClientStreams, APeerThatNeverAnswersIsPassedOver) {
  const SilentPeer peer;
  Connect({peer.address(), first_.address()});
  ASSERT_TRUE(Eventually([&] { return counts_.servers == 1; }));
  StartPuts(500, /*timeout=*/absl::Seconds(20));
  ASSERT_TRUE(AllEnd());
  EXPECT_EQ(Ended(absl::StatusCode::kOk), 500);
}

TEST_F(ClientStreams, DestructionCancelsWhatIsUnderWay) {
  ConnectWithStreams({first_.address()});
  first_.SetDelay(absl::Hours(1));
  StartPuts(3000);
  client_.reset();
  EXPECT_EQ(Ended(absl::StatusCode::kCancelled), 3000);
}

TEST_F(ClientStreams, CallbacksMayCallAgain) {
  ConnectWithStreams({first_.address()});
  std::atomic<int> left = 2000;
  std::atomic<int> running = 8;
  std::function<void()> next = [&] {
    if (--left < 0) {
      --running;
      return;
    }
    client_->GetAsync("k", {}, [&](absl::StatusOr<GetResult> result) {
      EXPECT_TRUE(result.ok()) << result.status();
      next();
    });
  };
  for (int i = 0; i < 8; ++i) next();
  EXPECT_TRUE(Eventually([&] { return running == 0; }));
}

}  // namespace
}  // namespace kache
