#include "server/api/pipeline_calls.h"

#include <utility>

#include "absl/status/status.h"
#include "server/api/single_calls.h"
#include "server/api/validate.h"

namespace kache {
namespace {

// One operation on its way to the handler of its kind.
struct Serving {
  ServiceContext& context;
  const CallPolicy& policy;
  const Caller& caller;
  ConnectionPlace place;
  MonotonicTime now;
  MonotonicTime deadline;
  PipelineOperation& operation;

  template <class Request, class Response>
  void By(Role role,
          void (*serve)(ServiceContext&, const Request&, MonotonicTime, Response&, Answer&),
          const Request& request, Response& response) {
    absl::Status status = policy.access.Admit(caller, role, 1, now);
    if (absl::IsUnauthenticated(status)) {
      // It was known when the stream was opened; the client may have another one by now.
      status = absl::UnavailableError("the stream's token is no longer known; open another stream");
    }
    if (status.ok()) status = Validate(request, context.limits);
    if (status.ok()) status = policy.admission.Admit(1, place);
    if (!status.ok()) return operation.Finish(std::move(status));
    operation.admitted = true;
    serve(context, request, deadline, response, operation);
  }
};

}  // namespace

void ServeOperation(ServiceContext& context, const CallPolicy& policy, const Caller& caller,
                    ConnectionPlace place, MonotonicTime now, MonotonicTime deadline,
                    PipelineOperation& operation) {
  if (deadline <= now) {
    return operation.Finish(
        absl::DeadlineExceededError("the deadline passed before the operation's turn came"));
  }
  Serving serving{context, policy, caller, place, now, deadline, operation};
  const v1::PipelineOperation& request = operation.request();
  v1::PipelineResult& result = operation.result();
  switch (request.operation_case()) {
    case v1::PipelineOperation::kGet:
      return serving.By(Role::kRead, ServeGet, request.get(), *result.mutable_get());
    case v1::PipelineOperation::kPut:
      return serving.By(Role::kWrite, ServePut, request.put(), *result.mutable_put());
    case v1::PipelineOperation::kDelete:
      return serving.By(Role::kWrite, ServeDelete, request.delete_(), *result.mutable_delete_());
    case v1::PipelineOperation::kTouch:
      return serving.By(Role::kWrite, ServeTouch, request.touch(), *result.mutable_touch());
    case v1::PipelineOperation::kGetOrLease:
      return serving.By(Role::kWrite, ServeGetOrLease, request.get_or_lease(),
                        *result.mutable_get_or_lease());
    case v1::PipelineOperation::OPERATION_NOT_SET:
      break;
  }
  operation.Finish(absl::InvalidArgumentError("operation: not set, or not known to this release"));
}

}  // namespace kache
