// A whole KacheServer over real Redis servers, and clients of it.
//
//   KacheCluster cluster(4);                 // Redis servers
//   cluster.StartServer();                   // ... and a kache-server in this process, SERVING
//   cluster.kache().Put(...)
//
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_KACHE_SERVER_FIXTURE_H_
#define KACHE_TESTS_TESTING_KACHE_SERVER_FIXTURE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "kache/v1/kache.grpc.pb.h"
#include "server/config.h"
#include "server/kache_server.h"
#include "tests/testing/redis_server.h"

namespace kache::testing {

// Waits until `condition` holds; false when it did not within `limit`.
bool Eventually(const std::function<bool()>& condition, absl::Duration limit = absl::Seconds(20));

// A call's context with a deadline that no test should reach.
std::unique_ptr<grpc::ClientContext> Patient(absl::Duration limit = absl::Seconds(20));

class KacheCluster {
 public:
  explicit KacheCluster(size_t redis_servers);
  ~KacheCluster();

  // Settings of the server: ports 0, this cluster's Redis servers, short times.
  ServerConfig config;

  // Starts the server and waits until every node is UP.
  void StartServer();

  KacheServer& server() { return *server_; }
  RedisServer& redis(size_t index) { return *redis_[index]; }
  std::string target() const { return "127.0.0.1:" + std::to_string(server_->grpc_port()); }
  // A connection of its own for each call of this.
  std::shared_ptr<grpc::Channel> NewChannel() const;
  v1::Kache::Stub& kache() { return *kache_; }
  grpc::health::v1::Health::Stub& health() { return *health_; }

  v1::GetStatusResponse Status();
  // As MetricValue.
  double Metric(const std::string& series) const;

  // Single calls, with a deadline that no test should reach.
  grpc::Status Put(const std::string& key, const std::string& value,
                   v1::PutResponse* response = nullptr);
  grpc::Status Get(const std::string& key, v1::GetResponse* response);

 private:
  std::vector<std::unique_ptr<RedisServer>> redis_;
  std::unique_ptr<KacheServer> server_;
  std::unique_ptr<v1::Kache::Stub> kache_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_KACHE_SERVER_FIXTURE_H_
