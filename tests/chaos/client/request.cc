#include "tests/chaos/client/request.h"

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "absl/status/status.h"

namespace kache::chaos {
namespace {

namespace json = boost::json;

std::string Text(const json::value& value) { return std::string(value.as_string()); }

Kind ParseKind(std::string_view name) {
  if (name == "put") return Kind::kPut;
  if (name == "get") return Kind::kGet;
  if (name == "delete") return Kind::kDelete;
  if (name == "touch") return Kind::kTouch;
  throw std::invalid_argument("unknown kind");
}

Consistency ParseLevel(std::string_view name) {
  if (name == "one") return Consistency::kOne;
  if (name == "quorum") return Consistency::kQuorum;
  if (name == "all") return Consistency::kAll;
  throw std::invalid_argument("unknown level");
}

PutEntry ParseEntry(const json::object& entry) {
  PutEntry parsed;
  parsed.key = Text(entry.at("key"));
  if (const json::value* value = entry.if_contains("value")) parsed.value = Text(*value);
  if (const json::value* ttl = entry.if_contains("ttl_ms"); ttl != nullptr && ttl->as_int64() > 0) {
    parsed.ttl = absl::Milliseconds(ttl->as_int64());
  }
  return parsed;
}

// Throws what Boost.JSON throws, and std::invalid_argument.
Request Parse(std::string_view line) {
  const json::value document = json::parse(json::string_view(line.data(), line.size()));
  const json::object& fields = document.as_object();
  Request request;
  request.id = fields.at("id").as_int64();
  request.kind = ParseKind(Text(fields.at("kind")));
  request.consistency = ParseLevel(Text(fields.at("level")));
  request.timeout = absl::Milliseconds(fields.at("timeout_ms").as_int64());
  if (const std::string version = Text(fields.at("min_version")); !version.empty()) {
    const absl::StatusOr<Version> parsed = Version::Parse(version);
    if (!parsed.ok()) throw std::invalid_argument("malformed min_version");
    request.min_version = *parsed;
  }
  for (const json::value& entry : fields.at("entries").as_array()) {
    request.entries.push_back(ParseEntry(entry.as_object()));
  }
  if (request.entries.empty()) throw std::invalid_argument("no entries");
  if (request.kind == Kind::kTouch && request.entries.size() > 1) {
    throw std::invalid_argument("a batch of touches");
  }
  return request;
}

}  // namespace

absl::StatusOr<Request> ParseRequest(std::string_view line) {
  try {
    return Parse(line);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace kache::chaos
