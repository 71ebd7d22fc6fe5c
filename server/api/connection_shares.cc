#include "server/api/connection_shares.h"

#include <grpc/grpc_security.h>

#include <string>

#include "absl/hash/hash.h"

namespace kache {

ConnectionPlace PlaceOf(const grpc::ServerContext& context) {
  // gRPC makes one for each connection, also for one that is not encrypted.
  auto* const of_connection =
      grpc_call_auth_context(const_cast<grpc::ServerContext&>(context).c_call());
  if (of_connection == nullptr) {
    return static_cast<ConnectionPlace>(absl::HashOf(context.peer()));
  }
  const auto place = static_cast<ConnectionPlace>(absl::HashOf(of_connection));
  grpc_auth_context_release(of_connection);
  return place;
}

}  // namespace kache
