// Leases through gRPC against real Redis servers: one fill for many misses, and never a stale one.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/error_details.h"
#include "tests/testing/kache_server_fixture.h"
#include "tests/testing/pipeline_client.h"

namespace kache {
namespace {

using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;
using ::kache::testing::PipelineClient;
using Outcome = v1::GetOrLeaseResponse;

class KacheServerLeasesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.config.try_timeout = absl::Seconds(15);  // no replica counts as late
    cluster_.StartServer();
  }

  static v1::GetOrLeaseRequest Ask(const std::string& key, int64_t wait_ms = 0,
                                   int64_t lease_ms = 0) {
    v1::GetOrLeaseRequest request;
    request.set_key(key);
    request.set_wait_ms(wait_ms);
    request.set_lease_ms(lease_ms);
    return request;
  }
  v1::GetOrLeaseResponse GetOrLease(const v1::GetOrLeaseRequest& request) {
    v1::GetOrLeaseResponse response;
    const grpc::Status status = cluster_.kache().GetOrLease(Patient().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::Stamp TakeLease(const std::string& key, int64_t lease_ms = 0) {
    const v1::GetOrLeaseResponse response = GetOrLease(Ask(key, 0, lease_ms));
    EXPECT_EQ(response.outcome(), Outcome::OUTCOME_LEASE);
    return response.lease();
  }
  static v1::PutRequest FillOf(const std::string& key, const v1::Stamp& lease, int64_t ttl_ms = 0) {
    v1::PutRequest request;
    request.set_key(key);
    request.set_value("filled");
    request.set_ttl_ms(ttl_ms);
    *request.mutable_stamp() = lease;
    return request;
  }
  grpc::Status Fill(const std::string& key, const v1::Stamp& lease, int64_t ttl_ms = 0) {
    v1::PutResponse response;
    return cluster_.kache().Put(Patient().get(), FillOf(key, lease, ttl_ms), &response);
  }
  void ExpectSuperseded(const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED) << status.error_message();
    EXPECT_NE(status.error_details().find("SUPERSEDED"), std::string::npos);
  }
  std::string Value(const std::string& key) {
    v1::GetResponse get;
    EXPECT_TRUE(cluster_.Get(key, &get).ok());
    return get.found() ? get.value() : "(a miss)";
  }

  KacheCluster cluster_{4};
};

TEST_F(KacheServerLeasesTest, AValueIsAHit) {
  ASSERT_TRUE(cluster_.Put("k", "v").ok());
  const v1::GetOrLeaseResponse response = GetOrLease(Ask("k"));
  EXPECT_EQ(response.outcome(), Outcome::OUTCOME_HIT);
  EXPECT_EQ(response.value(), "v");
  EXPECT_TRUE(response.receipt().has_version());
  EXPECT_TRUE(response.receipt().has_node_id());
  EXPECT_GT(response.cluster_time_unix_ms(), 0);
  EXPECT_FALSE(response.has_lease());
}

TEST_F(KacheServerLeasesTest, OneFillsAndTheOthersHearOfIt) {
  const v1::Stamp lease = TakeLease("k");
  const v1::GetOrLeaseResponse other = GetOrLease(Ask("k"));
  EXPECT_EQ(other.outcome(), Outcome::OUTCOME_WAIT);
  EXPECT_GT(other.lease_ms(), 9000);
  std::vector<std::thread> waiting;
  std::atomic<int> heard{0};
  for (int i = 0; i < 20; ++i) {
    waiting.emplace_back([&] {
      const v1::GetOrLeaseResponse response = GetOrLease(Ask("k", 15'000));
      if (response.outcome() == Outcome::OUTCOME_HIT && response.value() == "filled") ++heard;
    });
  }
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_lease_waits_total") == 20; }));
  EXPECT_TRUE(Fill("k", lease, 60'000).ok());
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(heard, 20);
  EXPECT_EQ(cluster_.Metric("kache_leases_given_total"), 1);
}

TEST_F(KacheServerLeasesTest, AFillIsSentTwiceAndStoredOnce) {
  v1::Stamp lease = TakeLease("k");
  lease.set_made_at_unix_ms(cluster_.Status().cluster_time_unix_ms());
  v1::PutResponse first;
  v1::PutResponse second;
  const v1::PutRequest fill = FillOf("k", lease, 60'000);
  ASSERT_TRUE(cluster_.kache().Put(Patient().get(), fill, &first).ok());
  ASSERT_TRUE(cluster_.kache().Put(Patient().get(), fill, &second).ok());
  EXPECT_EQ(first.receipt().version().clock(), second.receipt().version().clock());
}

TEST_F(KacheServerLeasesTest, WhatCameMeanwhileWins) {
  const v1::Stamp beside_put = TakeLease("put");
  ASSERT_TRUE(cluster_.Put("put", "newer").ok());
  ExpectSuperseded(Fill("put", beside_put));
  EXPECT_EQ(Value("put"), "newer");

  const v1::Stamp beside_delete = TakeLease("deleted");
  v1::DeleteRequest request;
  v1::DeleteResponse response;
  request.set_key("deleted");
  ASSERT_TRUE(cluster_.kache().Delete(Patient().get(), request, &response).ok());
  ExpectSuperseded(Fill("deleted", beside_delete));
  EXPECT_EQ(Value("deleted"), "(a miss)");
}

// A value that came and went: what was read before it must not come back.
TEST_F(KacheServerLeasesTest, AValueThatExpiredMeanwhileWins) {
  const v1::Stamp lease = TakeLease("k", 60'000);
  v1::PutRequest put;
  v1::PutResponse response;
  put.set_key("k");
  put.set_value("newer");
  put.set_ttl_ms(50);
  ASSERT_TRUE(cluster_.kache().Put(Patient().get(), put, &response).ok());
  EXPECT_TRUE(Eventually([&] { return Value("k") == "(a miss)"; }));
  ExpectSuperseded(Fill("k", lease));
  EXPECT_EQ(Value("k"), "(a miss)");
  // The next who misses it may fill it.
  EXPECT_TRUE(Fill("k", TakeLease("k")).ok());
  EXPECT_EQ(Value("k"), "filled");
}

// The stamp of a host whose clock is behind is above the token.
TEST_F(KacheServerLeasesTest, AWriteOfAHostThatIsBehindWins) {
  const v1::Stamp lease = TakeLease("k");
  v1::PutRequest put;
  v1::PutResponse response;
  put.set_key("k");
  put.set_value("newer");
  const int64_t now_ms = cluster_.Status().cluster_time_unix_ms();
  put.mutable_stamp()->set_timestamp(static_cast<uint64_t>(now_ms - 3000) << 16);
  put.mutable_stamp()->set_clock(uint64_t{0xCA11} << 16);
  ASSERT_TRUE(cluster_.kache().Put(Patient().get(), put, &response).ok());
  EXPECT_GT(put.stamp().timestamp(), lease.timestamp());
  ExpectSuperseded(Fill("k", lease));
  EXPECT_EQ(Value("k"), "newer");
}

TEST_F(KacheServerLeasesTest, AfterADeleteTheKeyMayBeFilled) {
  v1::DeleteRequest request;
  v1::DeleteResponse response;
  request.set_key("k");
  ASSERT_TRUE(cluster_.kache().Delete(Patient().get(), request, &response).ok());
  const v1::Stamp lease = TakeLease("k");
  EXPECT_EQ(lease.timestamp(), response.receipt().version().timestamp());
  EXPECT_TRUE(Fill("k", lease).ok());
  EXPECT_EQ(Value("k"), "filled");
}

TEST_F(KacheServerLeasesTest, ALeaseThatEndsGoesToOneWhoWaits) {
  const v1::Stamp first = TakeLease("k", 200);
  const v1::GetOrLeaseResponse next = GetOrLease(Ask("k", 15'000));
  EXPECT_EQ(next.outcome(), Outcome::OUTCOME_LEASE);
  EXPECT_TRUE(Fill("k", next.lease()).ok());
  ExpectSuperseded(Fill("k", first));
}

TEST_F(KacheServerLeasesTest, WaitsNoLongerThanItIsTold) {
  TakeLease("k");
  const v1::GetOrLeaseResponse response = GetOrLease(Ask("k", 100));
  EXPECT_EQ(response.outcome(), Outcome::OUTCOME_WAIT);
  EXPECT_GT(response.lease_ms(), 0);
}

TEST_F(KacheServerLeasesTest, RefusesWhatIsOutOfRange) {
  v1::GetOrLeaseResponse response;
  for (const v1::GetOrLeaseRequest& request :
       {Ask(""), Ask("k", -1), Ask("k", 0, -1), Ask("k", 0, 3'600'001)}) {
    EXPECT_EQ(cluster_.kache().GetOrLease(Patient().get(), request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  v1::DeleteRequest request;
  v1::DeleteResponse deleted;
  request.set_key("k");
  *request.mutable_stamp() = TakeLease("k");
  EXPECT_EQ(cluster_.kache().Delete(Patient().get(), request, &deleted).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(KacheServerLeasesTest, WorksOnStreams) {
  PipelineClient client(cluster_.kache());
  v1::PipelineOperation ask;
  ask.set_id(1);
  ask.set_timeout_ms(20'000);
  *ask.mutable_get_or_lease() = Ask("k");
  client.Send({ask});
  const v1::GetOrLeaseResponse lease = client.Read(1)[1].get_or_lease();
  ASSERT_EQ(lease.outcome(), Outcome::OUTCOME_LEASE);
  ask.set_id(2);
  *ask.mutable_get_or_lease() = Ask("k", 15'000);
  v1::PipelineOperation fill;
  fill.set_id(3);
  *fill.mutable_put() = FillOf("k", lease.lease());
  client.Send({ask, fill});
  auto results = client.Read(2);
  EXPECT_TRUE(results[3].has_put());
  EXPECT_EQ(results[2].get_or_lease().outcome(), Outcome::OUTCOME_HIT);
  EXPECT_EQ(results[2].get_or_lease().value(), "filled");
}

// Nobody waits for a server that goes.
TEST_F(KacheServerLeasesTest, AServerThatIsStoppedAnswersWhoWaits) {
  TakeLease("k", 60'000);
  grpc::Status status;
  v1::GetOrLeaseResponse response;
  std::thread waiting(
      [&] { status = cluster_.kache().GetOrLease(Patient().get(), Ask("k", 2000), &response); });
  EXPECT_TRUE(Eventually([&] { return cluster_.Metric("kache_lease_waits_total") == 1; }));
  cluster_.server().Stop(absl::Seconds(20));
  waiting.join();
  EXPECT_TRUE(!status.ok() || response.outcome() == Outcome::OUTCOME_WAIT);
}

}  // namespace
}  // namespace kache
