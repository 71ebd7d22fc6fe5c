#include "server/api/unstamped.h"

#include <algorithm>

#include "server/api/receipts.h"

namespace kache {
namespace {

// A stamp of zeros is none.
bool IsUnset(const v1::Stamp& stamp) { return !FromProto(stamp).IsSet(); }

}  // namespace

bool HasUnstamped(const v1::PutRequest& request) { return IsUnset(request.stamp()); }

bool HasUnstamped(const v1::DeleteRequest& request) { return IsUnset(request.stamp()); }

bool HasUnstamped(const v1::TouchRequest& request) { return IsUnset(request.stamp()); }

bool HasUnstamped(const v1::BatchPutRequest& request) {
  return std::any_of(request.entries().begin(), request.entries().end(),
                     [](const auto& entry) { return IsUnset(entry.stamp()); });
}

bool HasUnstamped(const v1::BatchDeleteRequest& request) {
  if (request.stamps().empty()) return !request.keys().empty();
  return std::any_of(request.stamps().begin(), request.stamps().end(), IsUnset);
}

bool HasUnstamped(const v1::BatchTouchRequest& request) {
  return std::any_of(request.entries().begin(), request.entries().end(),
                     [](const auto& entry) { return IsUnset(entry.stamp()); });
}

}  // namespace kache
