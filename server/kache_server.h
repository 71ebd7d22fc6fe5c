// The whole server as an object: main starts it with the settings, tests with port 0.
//
//   absl::StatusOr<std::unique_ptr<KacheServer>> server = KacheServer::Start(config);
//   ... (*server)->grpc_port() ...
//   (*server)->Stop(config.drain);
//
// Thread-compatible. Owns all its threads.
#ifndef KACHE_SERVER_KACHE_SERVER_H_
#define KACHE_SERVER_KACHE_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/log_loss_metric.h"
#include "base/ticker.h"
#include "prometheus/registry.h"
#include "ring/hash_ring.h"
#include "security/access_control.h"
#include "server/api/admission.h"
#include "server/api/grpc_server.h"
#include "server/api/health_notifier.h"
#include "server/api/health_service.h"
#include "server/api/kache_service.h"
#include "server/api/node_state_metrics.h"
#include "server/api/reflection_service.h"
#include "server/api/slow_log.h"
#include "server/cluster/cluster_clock.h"
#include "server/cluster/health_monitor.h"
#include "server/config.h"
#include "server/metrics_port.h"
#include "server/recovery/recovery_thread.h"
#include "server/replication/coordinator.h"

namespace kache {

// Where tests play faults.
struct ServerSeams {
  redis::NodeClientDecorator data_client;      // what reads and writes go through
  redis::NodeClientDecorator recovery_client;  // what checks, fences and refills go through
};

class KacheServer {
 public:
  // Listens and begins to connect to the Redis servers; keys are served as soon as one of them is
  // there. UNAVAILABLE when a port can't be listened on, INVALID_ARGUMENT when a file of tokens or
  // certificates is wrong.
  // `on_declared_lost`: called once, on some thread, when an operator has declared this coordinator
  // lost. It serves nothing then, and is to be stopped.
  static absl::StatusOr<std::unique_ptr<KacheServer>> Start(
      const ServerConfig& config, const ServerSeams& seams = {},
      std::function<void()> on_declared_lost = [] {});
  // Stops with no time to drain, unless stopped before.
  ~KacheServer();

  // Turns NOT_SERVING, gives load balancers a moment to see it, answers new calls UNAVAILABLE,
  // finishes those that it took and their replicas in the background, all within `drain`, and says
  // goodbye to the Redis servers. False when that time was not enough. Later calls do nothing.
  //
  // A process had better end right after this than take gRPC down in good order: gRPC answers calls
  // that reach it while it does so CANCELLED, while a connection that is gone means UNAVAILABLE.
  bool Drain(absl::Duration drain);
  // Drains, then takes everything down. Callers that still wait get an error.
  bool Stop(absl::Duration drain);

  uint16_t grpc_port() const { return grpc_->port(); }
  uint16_t metrics_port() const { return metrics_port_->port(); }
  // What is shown there.
  prometheus::Registry& registry() { return *registry_; }

 private:
  KacheServer(const ServerConfig& config, std::shared_ptr<prometheus::Registry> registry,
              std::unique_ptr<AccessControl> access);
  absl::Status Listen(const ServerConfig& config, const ServerSeams& seams,
                      std::function<void()> on_declared_lost);
  void Watch();
  void Tick();

  // In the order of construction; each may use those above it. Stop ends what has threads: first
  // gRPC's side, then the coordinator (which answers what it still has), then the queues.
  const SystemClock own_clock_;
  const std::shared_ptr<prometheus::Registry> registry_;
  const std::shared_ptr<const HashRing> ring_;
  ClusterClock clock_;
  HealthMonitor monitor_;
  NodeStateMetrics node_metrics_;
  LogLossMetric log_loss_;
  AdmissionControl admission_;
  const SlowLog slow_log_;
  const std::unique_ptr<AccessControl> access_;
  const CallPolicy policy_;
  HealthService health_;
  HealthNotifier notifier_;
  std::unique_ptr<MetricsPort> metrics_port_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<RecoveryThread> recovery_;  // stops before the coordinator does, and outlives it
  std::unique_ptr<KacheService> service_;
  std::unique_ptr<ReflectionService> reflection_;  // where no tokens are asked for
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<HealthMonitor::Observation> observation_;
  std::unique_ptr<Ticker> ticker_;
  bool drained_ = false;
  bool stopped_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_KACHE_SERVER_H_
