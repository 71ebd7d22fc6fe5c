// The gRPC server with its completion queues: listening, limits, threads and the order of stopping.
//
//   Listen -> Build -> services listen on every queue -> Start -> Shutdown -> CloseQueues ->
//   JoinQueues
//
// Thread-compatible.
#ifndef KACHE_SERVER_API_GRPC_SERVER_H_
#define KACHE_SERVER_API_GRPC_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/host_port.h"
#include "prometheus/registry.h"
#include "security/tls_files.h"
#include "server/api/call_queue.h"
#include "server/api/connection_acceptor.h"
#include "server/api/listening_sockets.h"

namespace kache {

struct GrpcServerOptions {
  HostPort address;
  TlsFiles tls;        // read again when they change; no certificate = plain connections
  size_t threads = 1;  // a completion queue each
  size_t max_connections = 10000;
  int64_t max_calls = 20000;  // of all connections
  int max_concurrent_streams = 1024;
  size_t max_receive_bytes = size_t{4} << 20;
  // What all connections' buffers may hold together.
  size_t memory_bytes = size_t{512} << 20;
  uint64_t memory_sum_bytes = 0;      // what the bounds of the process add up to; 0 = not known
  absl::Duration max_connection_age;  // zero = unlimited
  absl::Duration connection_age_grace = absl::Seconds(20);
};

class GrpcServer {
 public:
  // UNAVAILABLE when the address can't be listened on, INVALID_ARGUMENT when the files for TLS are
  // wrong.
  static absl::StatusOr<ListeningSockets> Listen(const GrpcServerOptions& options);

  // UNAVAILABLE when gRPC does not start. `services` and `registry` outlive the server.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Build(
      ListeningSockets listening, const GrpcServerOptions& options,
      const std::vector<grpc::Service*>& services, prometheus::Registry& registry);

  // Starts the queues' threads, and accepts connections.
  void Start();
  // Takes no new connections and calls; waits for those that run, and cancels what is left at
  // `deadline`.
  void Shutdown(absl::Time deadline);
  // Afterwards no handler runs for a call that began before.
  void CloseQueues();
  // Waits until every call has ended.
  void JoinQueues();

  const std::vector<std::unique_ptr<CallQueue>>& queues() const { return queues_; }
  uint16_t port() const { return port_; }

 private:
  GrpcServer() = default;

  std::vector<std::unique_ptr<CallQueue>> queues_;  // gone after the server
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;  // into the server
  std::atomic<bool> accepting_{false};
  std::unique_ptr<ConnectionAcceptor> acceptor_;
  intptr_t channelz_id_ = 0;
  uint16_t port_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_GRPC_SERVER_H_
