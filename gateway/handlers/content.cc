#include "gateway/handlers/content.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache::gateway {
namespace {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

// The part of `rest` before the first `separator` outside quotes, which is taken off with it.
std::string_view TakeUntil(char separator, std::string_view* rest) {
  bool quoted = false;
  size_t end = 0;
  for (; end < rest->size(); ++end) {
    const char c = (*rest)[end];
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) ++end;
    if (c == separator && !quoted) break;
  }
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return Trimmed(part);
}

// The weight of `q=0.8` in thousandths; -1 when it is malformed.
int ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  if (text.size() > 1 && text[1] != '.') return -1;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<size_t>(2, text.size()))) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return -1;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? weight : -1;
}

// How welcome one media type is: the weight of the most specific range that matches it.
struct Welcome {
  std::string_view type;
  int weight = 0;
  int specificity = 0;

  void Consider(std::string_view range, int range_weight) {
    int range_specificity = 0;
    if (EqualsIgnoreCase(range, type)) {
      range_specificity = 3;
    } else if (EqualsIgnoreCase(range, "application/*")) {
      range_specificity = 2;
    } else if (range == "*/*") {
      range_specificity = 1;
    }
    if (range_specificity == 0 || range_specificity < specificity) return;
    specificity = range_specificity;
    weight = range_weight;
  }
};

std::string_view WithoutWeakMark(std::string_view etag) {
  return etag.substr(0, 2) == "W/" ? etag.substr(2) : etag;
}

// The value of `name=value` without its quotes, when the parameter has that name.
bool IsParameter(std::string_view parameter, std::string_view name, std::string_view* value) {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos ||
      !EqualsIgnoreCase(Trimmed(parameter.substr(0, equals)), name)) {
    return false;
  }
  *value = Trimmed(parameter.substr(equals + 1));
  if (value->size() >= 2 && value->front() == '"' && value->back() == '"') {
    *value = value->substr(1, value->size() - 2);
  }
  return true;
}

}  // namespace

bool IsJsonContent(const HttpRequest& request) {
  std::string_view type = request.headers.Find("Content-Type").value_or("");
  return EqualsIgnoreCase(TakeUntil(';', &type), "application/json");
}

MaybeProblem CheckContent(const HttpRequest& request) {
  if (request.headers.Count("Content-Type") > 1) {
    return Problem{400, "BAD_REQUEST", "more than one Content-Type header"};
  }
  if (request.headers.Find("Content-Range")) {
    return Problem{400, "BAD_REQUEST", "a value cannot be written in parts (Content-Range)"};
  }
  if (const auto encoding = request.headers.Find("Content-Encoding");
      encoding && !EqualsIgnoreCase(*encoding, "identity")) {
    return Problem{415, "UNSUPPORTED_MEDIA_TYPE", "the body may not have a Content-Encoding"};
  }
  if (!IsJsonContent(request)) return std::nullopt;
  std::string_view rest = *request.headers.Find("Content-Type");
  TakeUntil(';', &rest);
  while (!rest.empty()) {
    std::string_view charset;
    if (!IsParameter(TakeUntil(';', &rest), "charset", &charset)) continue;
    if (EqualsIgnoreCase(charset, "utf-8") || EqualsIgnoreCase(charset, "utf8")) {
      continue;
    }
    return Problem{415, "UNSUPPORTED_MEDIA_TYPE", "JSON is written in UTF-8, no other charset"};
  }
  return std::nullopt;
}

bool PrefersRawBytes(std::string_view accept) {
  Welcome json = {"application/json"};
  Welcome raw = {"application/octet-stream"};
  while (!accept.empty()) {
    std::string_view rest = TakeUntil(',', &accept);
    const std::string_view range = TakeUntil(';', &rest);
    int weight = 1000;
    while (!rest.empty()) {
      std::string_view text;
      if (IsParameter(TakeUntil(';', &rest), "q", &text)) weight = ParseWeight(text);
    }
    if (weight < 0) continue;  // as if it were not there
    json.Consider(range, weight);
    raw.Consider(range, weight);
  }
  return raw.weight > json.weight;
}

bool ListsETag(std::string_view if_none_match, std::string_view etag) {
  const std::string_view opaque_tag = WithoutWeakMark(etag);
  while (!if_none_match.empty()) {
    const std::string_view one = TakeUntil(',', &if_none_match);
    if (one == "*" || WithoutWeakMark(one) == opaque_tag) return true;
  }
  return false;
}

}  // namespace kache::gateway
