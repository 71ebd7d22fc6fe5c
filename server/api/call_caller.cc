#include "server/api/call_caller.h"

#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/strings.h"

namespace kache {
namespace {

constexpr absl::Duration kUsualWait = absl::Milliseconds(100);

}  // namespace

Caller CallerOf(const grpc::ServerContext& context, const AccessControl& access) {
  if (!access.asks_for_tokens()) return {};
  const auto [first, end] = context.client_metadata().equal_range("authorization");
  const bool one = first != end && std::next(first) == end;
  const std::string_view value =
      one ? std::string_view(first->second.data(), first->second.size()) : std::string_view();
  return access.Identify(value, Schemes::kBearer);
}

std::string RetryAfterMs(absl::Duration wait) {
  if (wait <= absl::ZeroDuration()) wait = kUsualWait;
  return Concat(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

}  // namespace kache
