#include "server/api/call_name.h"

#include <string>
#include <string_view>

#include "server/api/call_metadata.h"

namespace kache {
namespace {

constexpr char kRequestId[] = "x-request-id";
constexpr char kTraceparent[] = "traceparent";

// Empty also where it is not as it should be.
std::string Metadata(const grpc::ServerContext& context, const char* key,
                     bool (*is_good)(std::string_view)) {
  const std::string_view value = CallMetadata(context, key);
  return is_good(value) ? std::string(value) : std::string();
}

}  // namespace

RequestName NameOf(const grpc::ServerContext& context) {
  RequestName name;
  name.id = Metadata(context, kRequestId, IsRequestId);
  name.traceparent = Metadata(context, kTraceparent, IsTraceparent);
  return name;
}

RequestName NameOf(const v1::PipelineOperation& operation, const grpc::ServerContext& stream) {
  RequestName name = NameOf(stream);
  if (IsRequestId(operation.request_id())) name.id = operation.request_id();
  if (operation.request_number() != 0) {
    name.id.clear();
    name.number = operation.request_number();
  }
  if (IsTraceparent(operation.traceparent())) name.traceparent = operation.traceparent();
  return name;
}

void ReturnRequestId(grpc::ServerContext& context) {
  const std::string id = Metadata(context, kRequestId, IsRequestId);
  if (!id.empty()) context.AddTrailingMetadata(kRequestId, id);
}

}  // namespace kache
