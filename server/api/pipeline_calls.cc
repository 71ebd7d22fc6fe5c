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
  AdmissionControl& admission;
  MonotonicTime deadline;
  PipelineOperation& operation;

  template <class Request, class Response>
  void By(void (*serve)(ServiceContext&, const Request&, MonotonicTime, Response&, Answer&),
          const Request& request, Response& response) {
    absl::Status status = Validate(request, context.limits);
    if (status.ok()) status = admission.Admit(1);
    if (!status.ok()) return operation.Finish(std::move(status));
    operation.admitted = true;
    serve(context, request, deadline, response, operation);
  }
};

}  // namespace

void ServeOperation(ServiceContext& context, AdmissionControl& admission, MonotonicTime now,
                    MonotonicTime deadline, PipelineOperation& operation) {
  if (deadline <= now) {
    return operation.Finish(
        absl::DeadlineExceededError("the deadline passed before the operation's turn came"));
  }
  Serving serving{context, admission, deadline, operation};
  const v1::PipelineOperation& request = operation.request();
  v1::PipelineResult& result = operation.result();
  switch (request.operation_case()) {
    case v1::PipelineOperation::kGet:
      return serving.By(ServeGet, request.get(), *result.mutable_get());
    case v1::PipelineOperation::kPut:
      return serving.By(ServePut, request.put(), *result.mutable_put());
    case v1::PipelineOperation::kDelete:
      return serving.By(ServeDelete, request.delete_(), *result.mutable_delete_());
    case v1::PipelineOperation::OPERATION_NOT_SET:
      break;
  }
  operation.Finish(absl::InvalidArgumentError("operation: not set, or not known to this release"));
}

}  // namespace kache
