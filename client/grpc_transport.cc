#include "client/grpc_transport.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "client/call.h"
#include "client/cluster_time.h"
#include "client/stamp_clock.h"
#include "client/stamp_support.h"
#include "client/time_question.h"

namespace kache {
namespace {

TransportObserver& NoObserver() {
  static TransportObserver observer;
  return observer;
}

StreamSet::Queues MakeQueues(size_t count) {
  StreamSet::Queues queues;
  for (size_t i = 0; i < count; ++i) queues.push_back(std::make_unique<ClientQueue>());
  return queues;
}

}  // namespace

struct GrpcTransport::Shared {
  explicit Shared(const GrpcTransportOptions& options)
      : observer(options.observer != nullptr ? *options.observer : NoObserver()),
        queues(MakeQueues(std::max<size_t>(options.lanes, 1))),
        servers(options.servers, options.security, options.max_buffer_bytes, *queues.front(),
                observer),
        streams(servers, queues, options.lanes, options.max_buffer_bytes, budget, observer,
                cluster_time),
        stamp_support(options.servers.size()) {}

  void AskForTime(MonotonicTime deadline, TimeQuestion::Then then);

  TransportObserver& observer;
  RetryBudget budget;
  CallList calls;
  ClusterTime cluster_time;
  StampClock clock;
  const StreamSet::Queues queues;
  ServerSet servers;
  StreamSet streams;
  StampSupport stamp_support;
  TimeQuestion time_question{[this](MonotonicTime deadline, TimeQuestion::Then then) {
    AskForTime(deadline, std::move(then));
  }};
  const CallEnvironment environment = {.queues = &queues,
                                       .servers = &servers,
                                       .streams = &streams,
                                       .observer = &observer,
                                       .budget = &budget,
                                       .calls = &calls,
                                       .cluster_time = &cluster_time,
                                       .clock = &clock,
                                       .stamp_support = &stamp_support,
                                       .time_question = &time_question};
};

GrpcTransport::GrpcTransport(const GrpcTransportOptions& options)
    : shared_(std::make_unique<Shared>(options)) {}

GrpcTransport::~GrpcTransport() { Stop(); }

void GrpcTransport::Stop() {
  shared_->calls.Cancel();  // so that no attempt follows those that the streams fail
  shared_->streams.Stop();
  shared_->calls.Stop();
  shared_->servers.Stop();
  // Whoever was told of an answer may be gone once this returns.
  for (const auto& queue : shared_->queues) queue->Stop();
}

bool GrpcTransport::Healthy() const { return shared_->servers.AnyReady(); }

// Each rpc differs by its name and its types only, which C++ cannot take as arguments.
#define KACHE_CLIENT_PREPARE(Name, stub)                                \
  [](const ServerSet& set, size_t server, grpc::ClientContext* context, \
     const v1::Name##Request& sent, grpc::CompletionQueue* queue) {     \
    return set.stub(server).PrepareAsync##Name(context, sent, queue);   \
  }
#define KACHE_CLIENT_DEFINE_RPC(Name, stub)                                                       \
  void GrpcTransport::Name(v1::Name##Request request, CallOptions options,                        \
                           Done<v1::Name##Response> done) {                                       \
    Call<v1::Name##Request, v1::Name##Response>::Start(                                           \
        shared_->environment, Rpc::k##Name, KACHE_CLIENT_PREPARE(Name, stub), std::move(request), \
        options, std::move(done));                                                                \
  }

KACHE_CLIENT_DEFINE_RPC(Get, stub)
KACHE_CLIENT_DEFINE_RPC(Put, stub)
KACHE_CLIENT_DEFINE_RPC(Delete, stub)
KACHE_CLIENT_DEFINE_RPC(Touch, stub)
KACHE_CLIENT_DEFINE_RPC(GetOrLease, stub)
KACHE_CLIENT_DEFINE_RPC(BatchGet, stub)
KACHE_CLIENT_DEFINE_RPC(BatchPut, stub)
KACHE_CLIENT_DEFINE_RPC(BatchDelete, stub)
KACHE_CLIENT_DEFINE_RPC(GetStatus, status_stub)
KACHE_CLIENT_DEFINE_RPC(Locate, status_stub)

// The call itself learns what the time is (call.h).
void GrpcTransport::Shared::AskForTime(MonotonicTime deadline, TimeQuestion::Then then) {
  Call<v1::GetStatusRequest, v1::GetStatusResponse>::Start(
      environment, Rpc::kGetStatus, KACHE_CLIENT_PREPARE(GetStatus, status_stub), {},
      {.deadline = deadline},
      [then = std::move(then)](const absl::StatusOr<v1::GetStatusResponse>& /*answer*/) mutable {
        then();
      });
}

#undef KACHE_CLIENT_DEFINE_RPC
#undef KACHE_CLIENT_PREPARE

}  // namespace kache
