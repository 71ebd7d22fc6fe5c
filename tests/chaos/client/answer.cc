#include "tests/chaos/client/answer.h"

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/error_details.h"

namespace kache::chaos {
namespace {

namespace json = boost::json;

json::string Text(const std::string& text) { return json::string(text.data(), text.size()); }

json::object Described(const absl::Status& status) {
  return {{"code", Text(absl::StatusCodeToString(status.code()))},
          {"message", Text(std::string(status.message()))},
          {"reason", Text(ReasonOf(status))}};
}

void Describe(const Receipt& receipt, json::object& into) {
  const bool mortal = receipt.expires_at != absl::InfiniteFuture();
  into["version"] = receipt.version.IsSet() ? Text(receipt.version.ToString()) : json::string();
  into["acknowledged"] = receipt.acknowledged;
  into["required"] = receipt.required;
  into["degraded"] = receipt.degraded;
  into["expires_at_ms"] = mortal ? absl::ToUnixMillis(receipt.expires_at) : 0;
  into["node_id"] = receipt.node_id ? json::value(*receipt.node_id) : json::value();
}

json::object Described(const absl::StatusOr<Receipt>& result) {
  json::object described = Described(result.status());
  if (result.ok()) Describe(*result, described);
  return described;
}

json::object Described(const absl::StatusOr<GetResult>& result) {
  json::object described = Described(result.status());
  if (!result.ok()) return described;
  Describe(result->receipt, described);
  described["found"] = result->value.has_value();
  if (result->value) described["value"] = Text(*result->value);
  return described;
}

json::object Described(const absl::StatusOr<TouchResult>& result) {
  json::object described = Described(result.status());
  if (result.ok()) Describe(result->receipt, described);
  return described;
}

template <class Result>
std::string Line(int64_t id, const std::vector<absl::StatusOr<Result>>& results) {
  json::array described;
  for (const auto& result : results) described.push_back(Described(result));
  return json::serialize(json::object{{"id", id}, {"results", std::move(described)}});
}

}  // namespace

std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<GetResult>>& results) {
  return Line(id, results);
}

std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<Receipt>>& results) {
  return Line(id, results);
}

std::string AnswerLine(int64_t id, const std::vector<absl::StatusOr<TouchResult>>& results) {
  return Line(id, results);
}

}  // namespace kache::chaos
