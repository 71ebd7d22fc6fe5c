#include "client/grpc_transport.h"

#include <functional>
#include <utility>

#include "client/call.h"

namespace kache {
namespace {

TransportObserver& NoObserver() {
  static TransportObserver observer;
  return observer;
}

}  // namespace

struct GrpcTransport::Shared {
  explicit Shared(const GrpcTransportOptions& options)
      : observer(options.observer != nullptr ? *options.observer : NoObserver()),
        servers(options.servers, options.security, observer),
        streams(servers, options.lanes, budget, observer) {}

  TransportObserver& observer;
  RetryBudget budget;
  CallList calls;
  ServerSet servers;
  StreamSet streams;
  const CallEnvironment environment = {&servers, &streams, &observer, &budget, &calls};
};

GrpcTransport::GrpcTransport(const GrpcTransportOptions& options)
    : shared_(std::make_unique<Shared>(options)) {}

GrpcTransport::~GrpcTransport() { Stop(); }

void GrpcTransport::Stop() {
  shared_->calls.Cancel();  // so that no attempt follows those that the streams fail
  shared_->streams.Stop();
  shared_->calls.Stop();
}

bool GrpcTransport::Healthy() const { return shared_->servers.AnyReady(); }

// Each rpc differs by its name and its types only, which C++ cannot take as arguments.
#define KACHE_CLIENT_DEFINE_RPC(Name, stub)                                                 \
  void GrpcTransport::Name(v1::Name##Request request, CallOptions options,                  \
                           Done<v1::Name##Response> done) {                                 \
    Call<v1::Name##Request, v1::Name##Response>::Start(                                     \
        shared_->environment, Rpc::k##Name,                                                 \
        [](const ServerSet& servers, size_t server, grpc::ClientContext* context,           \
           const v1::Name##Request* sent, v1::Name##Response* response,                     \
           std::function<void(grpc::Status)> finished) {                                    \
          servers.stub(server).async()->Name(context, sent, response, std::move(finished)); \
        },                                                                                  \
        std::move(request), options, std::move(done));                                      \
  }

KACHE_CLIENT_DEFINE_RPC(Get, stub)
KACHE_CLIENT_DEFINE_RPC(Put, stub)
KACHE_CLIENT_DEFINE_RPC(Delete, stub)
KACHE_CLIENT_DEFINE_RPC(BatchGet, stub)
KACHE_CLIENT_DEFINE_RPC(BatchPut, stub)
KACHE_CLIENT_DEFINE_RPC(BatchDelete, stub)
KACHE_CLIENT_DEFINE_RPC(GetStatus, status_stub)
KACHE_CLIENT_DEFINE_RPC(Locate, status_stub)

#undef KACHE_CLIENT_DEFINE_RPC

}  // namespace kache
