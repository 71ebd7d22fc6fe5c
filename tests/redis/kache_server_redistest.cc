// Single keys, status and placement, through gRPC against real Redis servers.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/kache_server.h"
#include "tests/testing/kache_server_fixture.h"

namespace kache {
namespace {

using ::kache::testing::Eventually;
using ::kache::testing::KacheCluster;
using ::kache::testing::Patient;

class KacheServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.config.try_timeout = absl::Seconds(15);  // no replica counts as late
    cluster_.StartServer();
  }

  grpc::Status Delete(const std::string& key) {
    v1::DeleteRequest request;
    request.set_key(key);
    v1::DeleteResponse response;
    return cluster_.kache().Delete(Patient().get(), request, &response);
  }
  v1::LocateResponse Locate(const std::string& key) {
    v1::LocateRequest request;
    request.set_key(key);
    v1::LocateResponse response;
    EXPECT_TRUE(cluster_.kache().Locate(Patient().get(), request, &response).ok());
    return response;
  }

  KacheCluster cluster_{4};
};

TEST_F(KacheServerTest, ReadsWhatWasWritten) {
  v1::PutResponse put;
  ASSERT_TRUE(cluster_.Put("k", "v", &put).ok());
  EXPECT_GE(put.receipt().acknowledged(), 1u);
  EXPECT_EQ(put.receipt().required(), 1u);
  EXPECT_FALSE(put.receipt().degraded());
  EXPECT_FALSE(put.receipt().has_node_id());

  v1::GetResponse get;
  ASSERT_TRUE(cluster_.Get("k", &get).ok());
  EXPECT_TRUE(get.found());
  EXPECT_EQ(get.value(), "v");
  EXPECT_EQ(get.ttl_ms(), 0);
  EXPECT_EQ(get.receipt().version().timestamp(), put.receipt().version().timestamp());
  EXPECT_TRUE(SameClock(get.receipt().version().clock(), cluster_.Status().coordinator()));
  EXPECT_TRUE(get.receipt().has_node_id());
}

TEST_F(KacheServerTest, AnswersAMissWithoutError) {
  v1::GetResponse get;
  ASSERT_TRUE(cluster_.Get("never written", &get).ok());
  EXPECT_FALSE(get.found());
  EXPECT_FALSE(get.receipt().has_version());
}

TEST_F(KacheServerTest, DeletesAlsoWhatIsNotThere) {
  ASSERT_TRUE(cluster_.Put("k", "v").ok());
  EXPECT_TRUE(Delete("k").ok());
  EXPECT_TRUE(Delete("was never there").ok());
  v1::GetResponse get;
  ASSERT_TRUE(cluster_.Get("k", &get).ok());
  EXPECT_FALSE(get.found());
}

TEST_F(KacheServerTest, TakesAnyBytes) {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  const std::string keys[] = {std::string(1, '\0'), std::string("\0\r\n$5", 5), all_bytes,
                              std::string(1024, '\xff')};
  for (const std::string& key : keys) {
    ASSERT_TRUE(cluster_.Put(key, all_bytes + key).ok());
  }
  for (const std::string& key : keys) {
    v1::GetResponse get;
    ASSERT_TRUE(cluster_.Get(key, &get).ok());
    EXPECT_EQ(get.value(), all_bytes + key);
  }
}

TEST_F(KacheServerTest, TakesValuesFromNothingToOneMebibyte) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{1} << 20}) {
    std::string value(size, 'x');
    if (size > 0) value.back() = '\0';
    ASSERT_TRUE(cluster_.Put("k", value).ok()) << size;
    v1::GetResponse get;
    ASSERT_TRUE(cluster_.Get("k", &get).ok()) << size;
    EXPECT_TRUE(get.found());
    EXPECT_EQ(get.value(), value) << size;
  }
}

TEST_F(KacheServerTest, ForgetsWhatHasExpired) {
  v1::PutRequest put;
  put.set_key("k");
  put.set_value("v");
  put.set_ttl_ms(300);
  v1::PutResponse response;
  ASSERT_TRUE(cluster_.kache().Put(Patient().get(), put, &response).ok());
  EXPECT_GT(response.receipt().expires_at_unix_ms(), 0);
  EXPECT_TRUE(Eventually([this] {
    v1::GetResponse get;
    EXPECT_TRUE(cluster_.Get("k", &get).ok());
    EXPECT_TRUE(!get.found() || (get.ttl_ms() >= 1 && get.ttl_ms() <= 300)) << get.ttl_ms();
    return !get.found();
  }));
}

TEST_F(KacheServerTest, ShowsTheRingAndEveryNode) {
  const v1::GetStatusResponse status = cluster_.Status();
  ASSERT_EQ(status.nodes_size(), 4);
  EXPECT_EQ(status.replication_factor(), 3u);
  EXPECT_EQ(status.vnodes_per_node(), 100u);
  EXPECT_NE(status.ring_fingerprint(), 0u);
  EXPECT_NE(status.coordinator(), 0u);
  EXPECT_FALSE(status.server_version().empty());
  EXPECT_GT(status.started_at_unix_ms(), 0);
  double shares = 0;
  std::set<std::string> run_ids;
  for (int i = 0; i < 4; ++i) {
    const v1::Node& node = status.nodes(i);
    EXPECT_EQ(node.name(), "cache-" + std::to_string(i));
    EXPECT_EQ(node.address(), cluster_.redis(static_cast<size_t>(i)).address());
    EXPECT_EQ(node.state(), v1::NODE_STATE_UP);
    EXPECT_EQ(node.reason(), "ok");
    EXPECT_GE(node.since_unix_ms(), status.started_at_unix_ms() - 60000);
    EXPECT_FALSE(node.redis_version().empty());
    run_ids.insert(node.run_id());
    shares += node.share();
  }
  EXPECT_EQ(run_ids.size(), 4u);
  EXPECT_NEAR(shares, 1, 1e-9);
}

TEST_F(KacheServerTest, ShowsPingsAndADeadNode) {
  cluster_.redis(2).Kill();
  EXPECT_TRUE(Eventually([this] {
    const v1::GetStatusResponse status = cluster_.Status();
    return status.nodes(2).state() == v1::NODE_STATE_DOWN &&
           status.nodes(0).last_ping_unix_ms() > 0 && status.nodes(0).ping_rtt_us() > 0;
  })) << cluster_.Status().DebugString();
  EXPECT_TRUE(Eventually([this] {
    return cluster_.Metric("kache_node_state{node=\"cache-2\",state=\"down\"}") == 1 &&
           cluster_.Metric("kache_node_state{node=\"cache-2\",state=\"up\"}") == 0;
  }));
}

TEST_F(KacheServerTest, LocatesAKey) {
  ASSERT_TRUE(cluster_.Put("k", "value").ok());
  v1::LocateResponse location;
  // The replicas beside the first are written in the background.
  ASSERT_TRUE(Eventually([&] {
    location = Locate("k");
    int values = 0;
    for (const v1::Replica& replica : location.replicas()) {
      values += replica.content() == v1::Replica::CONTENT_VALUE;
    }
    return values == 3;
  })) << location.DebugString();
  EXPECT_EQ(location.home_replicas(), 3u);
  ASSERT_EQ(location.replicas_size(), 4);
  EXPECT_EQ(location.served_by_node_id(), location.replicas(0).node_id());
  EXPECT_EQ(location.replicas(0).value_bytes(), 5u);
  EXPECT_EQ(location.replicas(0).version().timestamp(), location.replicas(2).version().timestamp());
  EXPECT_EQ(location.replicas(3).content(), v1::Replica::CONTENT_NONE);
}

TEST_F(KacheServerTest, KeepsServingWhenARedisServerDies) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(cluster_.Put("k" + std::to_string(i), "v").ok());
  ASSERT_TRUE(Eventually([this] { return cluster_.Metric("kache_in_flight_operations") == 0; }));
  cluster_.redis(1).Kill();
  for (int i = 0; i < 50; ++i) {
    v1::GetResponse get;
    ASSERT_TRUE(cluster_.Get("k" + std::to_string(i), &get).ok());
    EXPECT_TRUE(cluster_.Put("k" + std::to_string(i), "v2").ok());
  }
}

TEST_F(KacheServerTest, CountsCallsByCode) {
  ASSERT_TRUE(cluster_.Put("k", "v").ok());
  ASSERT_FALSE(cluster_.Put("", "v").ok());
  const auto calls = [this](const std::string& code) {
    return cluster_.Metric("kache_requests_total{code=\"" + code + "\",rpc=\"Put\",via=\"unary\"}");
  };
  // A call is counted once its answer has left.
  EXPECT_TRUE(Eventually([&] { return calls("OK") == 1 && calls("INVALID_ARGUMENT") == 1; }));
  EXPECT_TRUE(Eventually([this] {
    return cluster_.Metric("kache_request_seconds_count{rpc=\"Put\",via=\"unary\"}") == 2;
  }));
}

}  // namespace
}  // namespace kache
