#include "gateway/upstream/grpc_upstream.h"

#include <functional>
#include <utility>

#include "gateway/upstream/call.h"

namespace kache::gateway {

struct GrpcUpstream::Shared {
  Shared(const std::vector<std::string>& addresses, size_t workers, prometheus::Registry& registry)
      : metrics(registry), servers(addresses, &metrics), streams(servers, workers, metrics) {}

  UpstreamMetrics metrics;
  RetryBudget budget;
  CallList calls;
  ServerSet servers;
  StreamSet streams;
  CallEnvironment environment = {&servers, &streams, &metrics, &budget, &calls};
};

GrpcUpstream::GrpcUpstream(const std::vector<std::string>& servers, size_t workers,
                           prometheus::Registry& registry)
    : shared_(std::make_unique<Shared>(servers, workers, registry)) {}

GrpcUpstream::~GrpcUpstream() { Stop(); }

void GrpcUpstream::Stop() {
  shared_->calls.Cancel();  // so that no attempt follows those that the streams fail
  shared_->streams.Stop();
  shared_->calls.Stop();
}

bool GrpcUpstream::Healthy() const { return shared_->servers.AnyReady(); }

// Each rpc differs by its name and its types only, which C++ cannot take as arguments.
#define KACHE_GATEWAY_DEFINE_RPC(Name, stub_member)                                        \
  void GrpcUpstream::Name(v1::Name##Request request, CallOptions options,                  \
                          Done<v1::Name##Response> done) {                                 \
    Call<v1::Name##Request, v1::Name##Response>::Start(                                    \
        shared_->environment, Rpc::k##Name,                                                \
        [](const ServerSet::Server& server, grpc::ClientContext* context,                  \
           const v1::Name##Request* sent, v1::Name##Response* response,                    \
           std::function<void(grpc::Status)> finished) {                                   \
          server.stub_member->async()->Name(context, sent, response, std::move(finished)); \
        },                                                                                 \
        std::move(request), options, std::move(done));                                     \
  }

KACHE_GATEWAY_DEFINE_RPC(Get, stub)
KACHE_GATEWAY_DEFINE_RPC(Put, stub)
KACHE_GATEWAY_DEFINE_RPC(Delete, stub)
KACHE_GATEWAY_DEFINE_RPC(BatchGet, stub)
KACHE_GATEWAY_DEFINE_RPC(BatchPut, stub)
KACHE_GATEWAY_DEFINE_RPC(BatchDelete, stub)
KACHE_GATEWAY_DEFINE_RPC(GetStatus, status_stub)
KACHE_GATEWAY_DEFINE_RPC(Locate, status_stub)

#undef KACHE_GATEWAY_DEFINE_RPC

}  // namespace kache::gateway
