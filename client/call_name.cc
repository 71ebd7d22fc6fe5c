#include "client/call_name.h"

#include <string>

namespace kache {

void NameCall(const RequestName& name, grpc::ClientContext* context) {
  if (const std::string id = name.IdText(); !id.empty()) context->AddMetadata("x-request-id", id);
  if (!name.traceparent.empty()) context->AddMetadata("traceparent", name.traceparent);
}

void NameOperation(const RequestName& name, v1::PipelineOperation* operation) {
  if (!name.id.empty()) {
    operation->set_request_id(name.id);
  } else if (name.number != 0) {
    operation->set_request_number(name.number);
  }
  if (!name.traceparent.empty()) operation->set_traceparent(name.traceparent);
}

}  // namespace kache
