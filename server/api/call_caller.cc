#include "server/api/call_caller.h"

#include "base/strings.h"
#include "server/api/call_metadata.h"

namespace kache {
namespace {

constexpr absl::Duration kUsualWait = absl::Milliseconds(100);

}  // namespace

Caller CallerOf(const grpc::ServerContext& context, const AccessControl& access) {
  if (!access.asks_for_tokens()) return {};
  return access.Identify(CallMetadata(context, "authorization"), Schemes::kBearer);
}

std::string RetryAfterMs(absl::Duration wait) {
  if (wait <= absl::ZeroDuration()) wait = kUsualWait;
  return Concat(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

}  // namespace kache
