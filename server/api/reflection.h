// What gRPC's server reflection answers: the services, and the .proto files that describe them, for
// clients such as grpcurl that have none.
//
// Pure. Thread-safe.
#ifndef KACHE_SERVER_API_REFLECTION_H_
#define KACHE_SERVER_API_REFLECTION_H_

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace kache {

class Reflection {
 public:
  // `services`: full names. `pool` describes them, and outlives this object.
  Reflection(std::vector<std::string> services, const google::protobuf::DescriptorPool& pool)
      : services_(std::move(services)), pool_(pool) {}

  // A question that cannot be answered gets an error as its answer.
  grpc::reflection::v1alpha::ServerReflectionResponse Answer(
      const grpc::reflection::v1alpha::ServerReflectionRequest& question) const;

 private:
  const std::vector<std::string> services_;
  const google::protobuf::DescriptorPool& pool_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_REFLECTION_H_
