#include "server/api/kache_service.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.h"
#include "kache/v1/kache.grpc.pb.h"
#include "server/api/batch_calls.h"
#include "server/api/rpc_metrics.h"
#include "server/api/single_calls.h"
#include "server/api/status_calls.h"
#include "server/api/unstamped.h"
#include "server/api/validate.h"

namespace kache {

using Stub = v1::Kache;
using AsyncKache = Stub::WithAsyncMethod_Get<Stub::WithAsyncMethod_Put<Stub::WithAsyncMethod_Delete<
    Stub::WithAsyncMethod_BatchGet<Stub::WithAsyncMethod_BatchPut<Stub::WithAsyncMethod_BatchDelete<
        Stub::WithAsyncMethod_Pipeline<Stub::WithAsyncMethod_GetStatus<
            Stub::WithAsyncMethod_Locate<Stub::WithAsyncMethod_ForsakeNode<
                Stub::WithAsyncMethod_Touch<Stub::WithAsyncMethod_BatchTouch<
                    Stub::WithAsyncMethod_GetOrLease<Stub::Service>>>>>>>>>>>>>;

class KacheService::GrpcService final : public AsyncKache {
 public:
  // As the generated Request<Method>, but for requests that come as bytes.
  template <class Writer>
  void RequestBytes(int method, grpc::ServerContext* context, grpc::ByteBuffer* request,
                    Writer* writer, grpc::ServerCompletionQueue* queue, void* tag) {
    RequestAsyncUnary(method, context, request, writer, queue, queue, tag);
  }
  void RequestStreamOfBytes(int method, grpc::ServerContext* context,
                            PipelineStream::GrpcStream* stream, grpc::ServerCompletionQueue* queue,
                            void* tag) {
    RequestAsyncBidiStreaming(method, context, stream, queue, queue, tag);
  }
  // As generated code numbers the methods: by their order.
  static int Method(const char* name) {
    return v1::PipelineRequest::descriptor()
        ->file()
        ->FindServiceByName("Kache")
        ->FindMethodByName(name)
        ->index();
  }
};

namespace {

// Calls that wait for a request, for each queue: a burst larger than that is matched more slowly.
constexpr size_t kBusyAccepts = 128;
constexpr size_t kQuietAccepts = 16;

// What a request counts for in AdmissionControl; 0 = it is always admitted.
template <class Request>
int64_t Operations(const Request&) {
  return 1;
}
int64_t Operations(const v1::BatchGetRequest& request) { return request.keys_size(); }
int64_t Operations(const v1::BatchPutRequest& request) { return request.entries_size(); }
int64_t Operations(const v1::BatchDeleteRequest& request) { return request.keys_size(); }
int64_t Operations(const v1::BatchTouchRequest& request) { return request.entries_size(); }
int64_t Operations(const v1::GetStatusRequest&) { return 0; }
int64_t Operations(const v1::ForsakeNodeRequest&) { return 0; }

template <class Request>
size_t TextBytes(const Request& request) {
  if constexpr (requires { request.value(); }) {
    return request.key().size() + request.value().size();
  } else if constexpr (requires { request.key(); }) {
    return request.key().size();
  } else {
    return request.ByteSizeLong();  // a batch, whose fields were counted before
  }
}

template <class Request>
bool HasUnstamped(const Request&) {
  return false;  // a read
}

// The answers of unary writes and of GetStatus tell cluster time, for their callers' next stamps;
// in a stream the message does.
template <class Response>
void TellClusterTime(const ServiceContext& context, Response& response) {
  if constexpr (requires { response.set_cluster_time_unix_ms(0); }) {
    response.set_cluster_time_unix_ms(absl::ToUnixMillis(context.coordinator.Now()));
  }
}

}  // namespace

// Puts methods of the service on one queue.
class KacheService::Table {
 public:
  Table(KacheService& service, CallQueue& queue) : service_(service), queue_(queue) {}

  template <class Base, class Request, class Response>
  void Add(const char* rpc,
           void (Base::*request)(grpc::ServerContext*, Request*,
                                 grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                 grpc::ServerCompletionQueue*, void*),
           void (*serve)(ServiceContext&, const Request&, MonotonicTime, Response&, Answer&),
           Role role, size_t accepts) {
    Base* base = service_.grpc_.get();
    UnaryMethod<Request, Response> method = Make(rpc, serve, role, accepts);
    method.request = [base, request](auto* call, auto* message, auto* writer, auto* queue,
                                     void* tag) {
      (base->*request)(call, message, writer, queue, queue, tag);
    };
    Listen(std::move(method));
  }

  // Batches: each key takes a field or two.
  template <class Request, class Response>
  void AddBatch(const char* rpc,
                void (*serve)(ServiceContext&, const Request&, MonotonicTime, Response&, Answer&),
                Role role) {
    // Those of a few keys too many are told which field it is (validate.h).
    constexpr size_t kFieldsPerKey = 4;
    GrpcService* grpc = service_.grpc_.get();
    UnaryMethod<Request, Response> method = Make(rpc, serve, role, kQuietAccepts);
    method.in_arena = true;
    method.max_fields = kFieldsPerKey * (service_.context_.limits.max_batch_keys + 1);
    method.request_bytes = [grpc, number = GrpcService::Method(rpc)](
                               auto* call, auto* bytes, auto* writer, auto* queue, void* tag) {
      grpc->RequestBytes(number, call, bytes, writer, queue, tag);
    };
    Listen(std::move(method));
  }

 private:
  // All but how requests are asked for.
  template <class Request, class Response>
  UnaryMethod<Request, Response> Make(const char* rpc,
                                      void (*serve)(ServiceContext&, const Request&, MonotonicTime,
                                                    Response&, Answer&),
                                      Role role, size_t accepts) {
    ServiceContext* context = &service_.context_;
    return {
        .path = Concat("/kache.v1.Kache/", rpc),
        .check = [context](const Request& message) { return Validate(message, context->limits); },
        .operations = [](const Request& message) { return Operations(message); },
        .text_bytes = [](const Request& message) { return TextBytes(message); },
        .unstamped = [](const Request& message) { return HasUnstamped(message); },
        .serve =
            [context, serve](const Request& message, MonotonicTime deadline, Response& response,
                             Answer& answer) {
              TellClusterTime(*context, response);
              serve(*context, message, deadline, response, answer);
            },
        .role = role,
        // A lease that is lost with its answer ends by itself.
        .may_drop_answer = role == Role::kRead || std::is_same_v<Response, v1::GetOrLeaseResponse>,
        .metrics = RpcMetrics(rpc, Via::kUnary, service_.registry_),
        .accepts = accepts,
        .notices_cancel = role == Role::kWrite,
        .rpc = rpc};
  }
  template <class Request, class Response>
  void Listen(UnaryMethod<Request, Response> method) {
    service_.endpoints_.push_back(std::make_unique<UnaryEndpoint<Request, Response>>(
        std::move(method), service_.policy_, queue_));
  }

  KacheService& service_;
  CallQueue& queue_;
};

KacheService::KacheService(ServiceContext context, const CallPolicy& policy,
                           const PipelineLimits& pipeline_limits, prometheus::Registry& registry)
    : context_(std::move(context)),
      policy_(policy),
      registry_(registry),
      pipeline_{.context = context_,
                .policy = policy_,
                .limits = pipeline_limits,
                .metrics = PipelineMetrics(registry)},
      grpc_(std::make_unique<GrpcService>()) {}

KacheService::~KacheService() = default;

grpc::Service& KacheService::grpc_service() { return *grpc_; }

void KacheService::Listen(CallQueue& queue) {
  Table table(*this, queue);
  table.Add("Get", &GrpcService::RequestGet, ServeGet, Role::kRead, kBusyAccepts);
  table.Add("Put", &GrpcService::RequestPut, ServePut, Role::kWrite, kBusyAccepts);
  table.Add("Delete", &GrpcService::RequestDelete, ServeDelete, Role::kWrite, kBusyAccepts);
  table.Add("Touch", &GrpcService::RequestTouch, ServeTouch, Role::kWrite, kQuietAccepts);
  table.Add("GetOrLease", &GrpcService::RequestGetOrLease, ServeGetOrLease, Role::kWrite,
            kQuietAccepts);
  table.AddBatch("BatchGet", ServeBatchGet, Role::kRead);
  table.AddBatch("BatchPut", ServeBatchPut, Role::kWrite);
  table.AddBatch("BatchDelete", ServeBatchDelete, Role::kWrite);
  table.AddBatch("BatchTouch", ServeBatchTouch, Role::kWrite);
  streams_.push_back(std::make_unique<PipelineEndpoint>(
      [this, number = GrpcService::Method("Pipeline")](auto* context, auto* stream,
                                                       auto* grpc_queue, void* tag) {
        grpc_->RequestStreamOfBytes(number, context, stream, grpc_queue, tag);
      },
      pipeline_, queue));
  table.Add("GetStatus", &GrpcService::RequestGetStatus, ServeStatus, Role::kRead, kQuietAccepts);
  table.Add("ForsakeNode", &GrpcService::RequestForsakeNode, ServeForsake, Role::kAdmin,
            kQuietAccepts);
  table.Add("Locate", &GrpcService::RequestLocate, ServeLocate, Role::kRead, kQuietAccepts);
}

void KacheService::CloseStreams() {
  for (const auto& streams : streams_) streams->CloseStreams();
}

}  // namespace kache
