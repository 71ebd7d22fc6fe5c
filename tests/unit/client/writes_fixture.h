// A transport to two servers that share their records, and the words in which tests of writes are
// written.
#ifndef KACHE_TESTS_UNIT_CLIENT_WRITES_FIXTURE_H_
#define KACHE_TESTS_UNIT_CLIENT_WRITES_FIXTURE_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/grpc_transport.h"
#include "gtest/gtest.h"
#include "tests/testing/answer.h"
#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache {
struct WriteCounts final : TransportObserver {
  void OnRetry() override { ++retries; }
  void OnRestamped() override { ++restamps; }
  void OnStreams(size_t open) override { streams = open; }
  std::atomic<int> retries = 0;
  std::atomic<int> restamps = 0;
  std::atomic<size_t> streams = 0;
};

class WritesTest : public ::testing::Test {
 protected:
  static v1::PutRequest PutOf(const std::string& key, const std::string& value) {
    v1::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    return request;
  }
  static CallOptions Within(absl::Duration timeout) {
    CallOptions options;
    options.deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    return options;
  }

  void Connect(const std::vector<const FakeKache*>& servers, size_t lanes = 1) {
    GrpcTransportOptions options;
    options.lanes = lanes;
    options.observer = &counts_;
    for (const FakeKache* server : servers) options.servers.push_back(server->address());
    transport_ = std::make_unique<GrpcTransport>(options);
    ASSERT_TRUE(Eventually([&] { return counts_.streams == servers.size() * lanes; }));
  }

  testing::Answer<v1::PutResponse> StartPut(v1::PutRequest request, CallOptions options) {
    testing::Answer<v1::PutResponse> answer;
    transport_->Put(std::move(request), options, answer.Callback());
    return answer;
  }
  absl::StatusOr<v1::Receipt> Put(v1::PutRequest request, CallOptions options) {
    const testing::Answer<v1::PutResponse> answer = StartPut(std::move(request), options);
    EXPECT_TRUE(answer.WaitFor(kPatience));
    if (!answer.ok()) return answer.status();
    return answer->receipt();
  }
  absl::StatusOr<v1::Receipt> Put(const std::string& key, const std::string& value) {
    return Put(PutOf(key, value), Within(kPatience));
  }
  absl::StatusOr<v1::BatchPutResponse> BatchPut(
      const std::vector<std::pair<std::string, std::string>>& entries) {
    v1::BatchPutRequest request;
    for (const auto& [key, value] : entries) {
      request.add_entries()->set_key(key);
      request.mutable_entries()->rbegin()->set_value(value);
    }
    testing::Answer<v1::BatchPutResponse> answer;
    transport_->BatchPut(std::move(request), Within(kPatience), answer.Callback());
    EXPECT_TRUE(answer.WaitFor(kPatience));
    if (!answer.ok()) return answer.status();
    return *answer;
  }

  // Starts writes of `key` until one is at first_, which is frozen; the others are done before.
  testing::Answer<v1::PutResponse> StartPutAtFirst(const std::string& key,
                                                   const std::string& value) {
    while (true) {
      const int before = first_.calls();
      testing::Answer<v1::PutResponse> answer = StartPut(PutOf(key, value), Within(kPatience));
      EXPECT_TRUE(Eventually([&] { return answer.came() || first_.calls() > before; }));
      if (!answer.came()) return answer;
    }
  }

  std::string Value(const std::string& key) const { return records_->Find(key)->value; }

  WriteCounts counts_;
  const std::shared_ptr<FakeRecords> records_ = std::make_shared<FakeRecords>();
  FakeKache first_{0, records_};
  FakeKache second_{0, records_};
  std::unique_ptr<GrpcTransport> transport_;  // last: it ends before what it uses
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_CLIENT_WRITES_FIXTURE_H_
