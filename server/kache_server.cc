#include "server/kache_server.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "base/grpc_log.h"
#include "base/limits.h"
#include "base/strings.h"
#include "server/api/batch_calls.h"
#include "server/memory.h"
#include "server/redis/redis_client.h"

namespace kache {

static_assert(kFilesOfMetricsPort ==
              MetricsPort::kMaxConnections + MaxRefusedConnections(MetricsPort::kMaxConnections));
namespace {

constexpr absl::Duration kTickInterval = absl::Milliseconds(200);
// How long NOT_SERVING is shown before calls are refused: at most, and as a part of the drain time.
constexpr absl::Duration kNoticeMax = absl::Milliseconds(500);
constexpr int kNoticePartOfDrain = 4;
constexpr absl::Duration kDrainPoll = absl::Milliseconds(2);

std::shared_ptr<const HashRing> MakeRing(const ServerConfig& config) {
  std::vector<std::string> names;
  for (const RedisAddress& server : config.servers) names.push_back(server.name);
  return std::make_shared<const HashRing>(std::move(names), config.vnodes_per_node);
}

// What all connections to Redis by TLS share; nullptr where there are none.
absl::StatusOr<std::shared_ptr<const Certificates>> RedisCertificates(const ServerConfig& config) {
  const bool tls = std::any_of(config.servers.begin(), config.servers.end(),
                               [](const RedisAddress& server) { return server.tls; });
  if (!tls) return nullptr;
  auto started = Certificates::Start(TlsSide::kClient, config.redis_tls, "Redis connections");
  if (!started.ok()) return started.status();
  return std::shared_ptr<const Certificates>(*std::move(started));
}

using PasswordFiles = std::map<std::string, std::shared_ptr<const PasswordFile>>;

// By path: each file is watched once.
absl::StatusOr<PasswordFiles> RedisPasswords(const ServerConfig& config) {
  PasswordFiles files;
  for (const RedisAddress& server : config.servers) {
    if (server.password_file.empty() || files.contains(server.password_file)) continue;
    auto started = PasswordFile::Start(server.password_file);
    if (!started.ok()) return started.status();
    files.emplace(server.password_file, *std::move(started));
  }
  return files;
}

CoordinatorConfig MakeCoordinatorConfig(const ServerConfig& config, const PasswordFiles& passwords,
                                        const std::shared_ptr<const Certificates>& tls) {
  CoordinatorConfig result;
  result.shards = config.shards;
  for (const RedisAddress& server : config.servers) {
    result.endpoints.push_back({.host = server.address.host,
                                .port = server.address.port,
                                .user = server.user,
                                .password = server.password,
                                .database = server.database,
                                .password_file = server.password_file.empty()
                                                     ? nullptr
                                                     : passwords.at(server.password_file),
                                .tls = server.tls ? tls : nullptr});
  }
  result.client.connect_timeout = config.connect_timeout;
  result.client.reconnect_min = config.reconnect_min;
  result.client.reconnect_max = config.reconnect_max;
  result.client.ping_interval = config.ping_interval;
  result.client.max_queue_bytes = config.max_connection_queue_bytes;
  result.client.max_uncounted_bytes = config.max_uncounted_queue_bytes;
  result.lag_bytes = LagBytes(BoundsOf(config));
  result.replication = {.replication_factor = config.replication_factor,
                        .max_tries = config.max_tries,
                        .key_prefix = config.key_prefix,
                        .try_timeout = config.try_timeout,
                        .write_timeout = config.write_timeout,
                        .tombstone_ttl = config.tombstone_ttl,
                        .standin_ttl = config.standin_ttl,
                        .max_clock_skew = config.max_clock_skew,
                        .max_write_age = config.max_write_age,
                        .staleness_check_one_in = config.staleness_check_one_in,
                        .keys_per_read = config.keys_per_read,
                        .hint_keys = config.hint_keys};
  return result;
}

RecoveryConfig MakeRecoveryConfig(const ServerConfig& config) {
  return {.key_prefix = config.key_prefix,
          .replication_factor = config.replication_factor,
          .check_interval = config.ping_interval,
          .connect_timeout = config.connect_timeout,
          .tombstone_ttl = config.tombstone_ttl,
          .sweep_interval = config.sweep_interval,
          .max_clock_skew = config.max_clock_skew,
          .max_write_age = config.max_write_age,
          .resync_keys_per_second = config.resync_keys_per_second,
          .sweep_keys_per_second = config.sweep_keys_per_second,
          .accept_ring = config.accept_ring};
}

ServiceContext MakeContext(const ServerConfig& config, Coordinator& coordinator,
                           RecoveryThread& recovery, const HealthMonitor& monitor,
                           prometheus::Registry& registry) {
  ServiceContext context{
      .coordinator = coordinator,
      .coordinator_id = coordinator.id(),
      .recovery = recovery,
      .monitor = monitor,
      .limits = {.max_key_bytes = config.max_key_bytes,
                 .max_value_bytes = config.max_value_bytes,
                 .max_batch_keys = config.max_batch_keys,
                 .max_batch_bytes = config.max_batch_bytes},
      .addresses = {},
      .replication_factor = config.replication_factor,
      .started_at = absl::Now(),
      .accept_ring = config.accept_ring ? RingChangeText(*config.accept_ring) : "",
      .batch_keys = BatchKeysHistogram(registry)};
  for (const RedisAddress& server : config.servers) {
    context.addresses.push_back(server.address.ToString());
  }
  return context;
}

// A write that is older than max_write_age is refused, so none may wait for longer.
DeadlineRules MakeDeadlineRules(const ServerConfig& config) {
  DeadlineRules rules;
  rules.default_timeout = std::min(config.request_timeout, config.max_write_age);
  rules.longest = std::min(rules.longest, config.max_write_age);
  return rules;
}

PipelineLimits MakePipelineLimits(const ServerConfig& config) {
  // Room for one batch's worth before a stream is held up; for some more of what was under way.
  constexpr size_t kAnswerBatchesMax = 8;
  return {.max_operations = config.max_pipeline_operations,
          .max_message_operations =
              std::max<size_t>(config.max_pipeline_operations, kPipelineMessageOperations),
          .max_request_bytes = config.max_batch_bytes,
          .pause_answer_bytes = config.max_batch_bytes,
          .max_answer_bytes = kAnswerBatchesMax * config.max_batch_bytes};
}

GrpcServerOptions MakeGrpcOptions(const ServerConfig& config) {
  // What the gateway sends in one message of a stream.
  constexpr size_t kPipelineMessageBytes = size_t{1} << 20;
  GrpcServerOptions options;
  options.address = config.grpc_listen_address;
  options.tls = config.grpc_tls;
  options.threads = config.grpc_threads;
  options.max_connections = config.max_grpc_connections;
  options.max_calls = static_cast<int64_t>(config.max_grpc_calls);
  options.max_concurrent_streams = config.max_concurrent_streams;
  options.max_receive_bytes = static_cast<size_t>(MessageBytesMax(
      static_cast<int64_t>(config.max_key_bytes), static_cast<int64_t>(config.max_value_bytes),
      static_cast<int64_t>(config.max_batch_keys),
      static_cast<int64_t>(std::max(config.max_batch_bytes, kPipelineMessageBytes))));
  options.memory_bytes = config.max_grpc_buffer_bytes;
  // Without the part of the kernel, which is not the process's.
  options.memory_sum_bytes = MemoryOf(BoundsOf(config), /*limit=*/0).bytes();
  options.max_connection_age = config.max_connection_age;
  options.connection_age_grace = config.drain;
  return options;
}

}  // namespace

KacheServer::KacheServer(const ServerConfig& config, std::shared_ptr<prometheus::Registry> registry,
                         std::unique_ptr<AccessControl> access)
    : registry_(std::move(registry)),
      ring_(MakeRing(config)),
      clock_(own_clock_, ring_->nodes(), config.max_clock_skew),
      monitor_(ring_, config.shards, clock_, config.try_timeout),
      node_metrics_(*monitor_.topology(), *registry_),
      log_loss_(*registry_),
      admission_(static_cast<int64_t>(config.max_in_flight),
                 static_cast<int64_t>(config.max_in_flight_bytes), *registry_),
      slow_log_(config.slow_operation, ring_->names(), *registry_),
      access_(std::move(access)),
      policy_{.deadlines = MakeDeadlineRules(config),
              .admission = admission_,
              .slow_log = slow_log_,
              .access = *access_,
              .ring = *ring_},
      health_(policy_, *registry_),
      notifier_(
          [this](const std::string& service, bool serving) { health_.Set(service, serving); }) {}

absl::StatusOr<std::unique_ptr<KacheServer>> KacheServer::Start(
    const ServerConfig& config, const ServerSeams& seams, std::function<void()> on_declared_lost) {
  RouteGrpcLog();
  auto registry = std::make_shared<prometheus::Registry>();
  auto access = AccessControl::Start(config.access, *registry);
  if (!access.ok()) return access.status();
  auto server = std::unique_ptr<KacheServer>(
      new KacheServer(config, std::move(registry), *std::move(access)));
  const absl::Status status = server->Listen(config, seams, std::move(on_declared_lost));
  if (!status.ok()) return status;
  server->Watch();
  server->grpc_->Start();
  return server;
}

absl::Status KacheServer::Listen(const ServerConfig& config, const ServerSeams& seams,
                                 std::function<void()> on_declared_lost) {
  // Before anything tells the other coordinators that this one lives: it may find its port in use.
  const GrpcServerOptions grpc_options = MakeGrpcOptions(config);
  auto listening = GrpcServer::Listen(grpc_options);
  if (!listening.ok()) return listening.status();
  auto metrics_port =
      MetricsPort::Start(config.metrics_listen_address, config.grpc_tls, *registry_, access_.get());
  if (!metrics_port.ok()) return metrics_port.status();
  metrics_port_ = *std::move(metrics_port);

  const auto redis_tls = RedisCertificates(config);
  if (!redis_tls.ok()) return redis_tls.status();
  const auto redis_passwords = RedisPasswords(config);
  if (!redis_passwords.ok()) return redis_passwords.status();
  CoordinatorConfig coordinator_config =
      MakeCoordinatorConfig(config, *redis_passwords, *redis_tls);
  coordinator_config.decorate = seams.data_client;
  coordinator_config.budget = &admission_.bytes();
  RecoveryNodes recovery_nodes{coordinator_config.endpoints, coordinator_config.client,
                               seams.recovery_client};
  // It bounds by itself what it sends, for each node that it serves (copier.h): its queues never
  // refuse any of that.
  recovery_nodes.client.max_queue_bytes = config.servers.size() * RecoveryBytes(BoundsOf(config));
  recovery_nodes.client.max_uncounted_bytes = recovery_nodes.client.max_queue_bytes;
  coordinator_ =
      std::make_unique<Coordinator>(coordinator_config, ring_, monitor_, clock_, *registry_);
  recovery_ = std::make_unique<RecoveryThread>(
      MakeRecoveryConfig(config), std::move(recovery_nodes), ring_, *coordinator_, monitor_, clock_,
      *registry_, [this, tell = std::move(on_declared_lost)] {
        admission_.Close();
        tell();
      });
  service_ = std::make_unique<KacheService>(
      MakeContext(config, *coordinator_, *recovery_, monitor_, *registry_), policy_,
      MakePipelineLimits(config), *registry_);
  std::vector<grpc::Service*> services = {&service_->grpc_service(), &health_.grpc_service()};
  // It asks nobody for a token.
  if (!access_->asks_for_tokens()) {
    reflection_ = std::make_unique<ReflectionService>(*registry_);
    services.push_back(&reflection_->grpc_service());
  }
  auto grpc = GrpcServer::Build(*std::move(listening), grpc_options, services, *registry_);
  if (!grpc.ok()) return grpc.status();
  grpc_ = *std::move(grpc);
  for (const auto& queue : grpc_->queues()) {
    service_->Listen(*queue);
    health_.Listen(*queue);
    if (reflection_ != nullptr) reflection_->Listen(*queue);
  }
  return absl::OkStatus();
}

void KacheServer::Watch() {
  observation_ = monitor_.Observe([this](std::shared_ptr<const Topology> topology) {
    notifier_.OnTopology(*topology);
    node_metrics_.ShowStates(*topology);
  });
  ticker_ = std::make_unique<Ticker>(kTickInterval, [this] { Tick(); });
}

void KacheServer::Tick() {
  monitor_.Tick();
  node_metrics_.ShowPings(monitor_.pings());
  node_metrics_.ShowClocks(monitor_.recoveries());
  admission_.PublishGauges();
  log_loss_.Publish();
}

bool KacheServer::Drain(absl::Duration drain) {
  if (drained_ || grpc_ == nullptr) return true;
  drained_ = true;
  const absl::Time deadline = absl::Now() + drain;
  notifier_.Drain();
  absl::SleepFor(std::min(kNoticeMax, drain / kNoticePartOfDrain));
  health_.CloseWatches();
  if (reflection_ != nullptr) reflection_->CloseStreams();
  service_->CloseStreams();
  admission_.Close();
  const auto busy = [this] { return admission_.in_flight() > 0 || !service_->StreamsOver(); };
  while (busy() && absl::Now() < deadline) absl::SleepFor(kDrainPoll);
  const bool answered = admission_.in_flight() == 0;
  // Nothing new reaches the coordinator from here on.
  const bool stored = coordinator_->Drain(std::max(deadline - absl::Now(), absl::ZeroDuration()));
  recovery_->Stop(/*complete=*/answered && stored);
  return answered && stored;
}

bool KacheServer::Stop(absl::Duration drain) {
  if (stopped_) return true;
  stopped_ = true;
  if (grpc_ == nullptr) {  // it never served
    if (recovery_ != nullptr) recovery_->Stop(/*complete=*/true);
    return true;
  }
  const bool in_time = Drain(drain);
  grpc_->Shutdown(absl::Now());
  grpc_->CloseQueues();
  coordinator_.reset();
  grpc_->JoinQueues();
  ticker_.reset();
  return in_time;
}

KacheServer::~KacheServer() { Stop(absl::ZeroDuration()); }

}  // namespace kache
