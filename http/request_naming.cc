#include "http/request_naming.h"

#include <optional>
#include <string>
#include <string_view>

namespace kache {
namespace {

std::string GoodField(const HeaderList& headers, std::string_view name,
                      bool (*is_good)(std::string_view)) {
  const std::optional<std::string_view> value = headers.Find(name);
  if (!value || !is_good(*value) || headers.Count(name) > 1) return {};
  return std::string(*value);
}

}  // namespace

RequestName NameRequest(const HeaderList& headers) {
  RequestName name;
  name.id = GoodField(headers, "X-Request-Id", IsRequestId);
  if (name.id.empty()) name.number = NewRequestNumber();
  name.traceparent = GoodField(headers, "traceparent", IsTraceparent);
  return name;
}

}  // namespace kache
