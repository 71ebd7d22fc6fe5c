#include "server/api/reflection_service.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "kache/v1/kache.grpc.pb.h"
#include "prometheus/gauge.h"
#include "server/api/refusals.h"

namespace kache {
namespace {

constexpr StreamRoom::Bounds kBounds = {.of_connection = 4, .further = 64};

}  // namespace

ReflectionService::ReflectionService(prometheus::Registry& registry)
    : environment_{
          .reflection = Reflection(
              {v1::Kache::service_full_name(), grpc::health::v1::Health::service_full_name(),
               grpc::reflection::v1alpha::ServerReflection::service_full_name()},
              *google::protobuf::DescriptorPool::generated_pool()),
          .mutex = {},
          .room = StreamRoom(kBounds, "reflection streams",
                             prometheus::BuildGauge()
                                 .Name("kache_reflection_streams")
                                 .Help("Streams of server reflection that are open.")
                                 .Register(registry)
                                 .Add({}),
                             Refusals(registry, "too_many_reflection_streams")),
          .streams = {}} {}

void ReflectionService::CloseStreams() {
  const std::lock_guard lock(environment_.mutex);
  environment_.closed = true;
  for (ReflectionStream* stream : environment_.streams) {
    stream->End(absl::UnavailableError("the server is stopping"));
  }
}

}  // namespace kache
