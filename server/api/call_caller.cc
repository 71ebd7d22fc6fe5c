#include "server/api/call_caller.h"

#include "server/api/call_metadata.h"

namespace kache {

Caller CallerOf(const grpc::ServerContext& context, const AccessControl& access) {
  if (!access.asks_for_tokens()) return {};
  return access.Identify(CallMetadata(context, "authorization"), Schemes::kBearer);
}

}  // namespace kache
