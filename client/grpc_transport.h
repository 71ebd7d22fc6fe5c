// The transport to real servers: Pipeline streams for single keys (stream_set.h), unary gRPC calls
// for all else, spread over the servers that serve, with failover (call.h).
//
// Thread-safe. Callbacks run on the threads of the lanes' queues (client_queue.h), on the streams'
// thread, or inside the call. Owns these threads. They never call back once Stop has returned.
#ifndef KACHE_CLIENT_GRPC_TRANSPORT_H_
#define KACHE_CLIENT_GRPC_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "client/transport.h"
#include "client/transport_observer.h"
#include "security/channel/channel_security.h"

namespace kache {

struct GrpcTransportOptions {
  std::vector<std::string> servers;  // host:port each; at least one
  ChannelSecurity security = {};
  // Each has a stream of its own to every server; CallOptions::lane is taken modulo their number.
  // 0 = all calls are unary.
  size_t lanes = 1;
  // What waits to be sent to the servers in all streams together; and, counted apart, what gRPC
  // holds of what it receives. gRPC breaks streams rather than hold more.
  size_t max_buffer_bytes = size_t{256} << 20;
  TransportObserver* observer = nullptr;  // outlives the transport
};

class GrpcTransport final : public Transport {
 public:
  // Connects in the background.
  explicit GrpcTransport(const GrpcTransportOptions& options);
  ~GrpcTransport() override;  // stops

  void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) override;
  void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) override;
  void Delete(v1::DeleteRequest request, CallOptions options,
              Done<v1::DeleteResponse> done) override;
  void Touch(v1::TouchRequest request, CallOptions options, Done<v1::TouchResponse> done) override;
  void GetOrLease(v1::GetOrLeaseRequest request, CallOptions options,
                  Done<v1::GetOrLeaseResponse> done) override;
  void BatchGet(v1::BatchGetRequest request, CallOptions options,
                Done<v1::BatchGetResponse> done) override;
  void BatchPut(v1::BatchPutRequest request, CallOptions options,
                Done<v1::BatchPutResponse> done) override;
  void BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                   Done<v1::BatchDeleteResponse> done) override;
  void GetStatus(v1::GetStatusRequest request, CallOptions options,
                 Done<v1::GetStatusResponse> done) override;
  void Locate(v1::LocateRequest request, CallOptions options,
              Done<v1::LocateResponse> done) override;
  bool Healthy() const override;
  void Stop() override;

 private:
  struct Shared;
  const std::unique_ptr<Shared> shared_;
};

}  // namespace kache

#endif  // KACHE_CLIENT_GRPC_TRANSPORT_H_
